import jsonBigint from "json-bigint";

/** JSON with int64 ids: `JSON.parse` would round those above 2^53. */
const reader = jsonBigint({ storeAsString: true, protoAction: "ignore", constructorAction: "ignore" });
const writer = jsonBigint({ useNativeBigInt: true });

/** What the engine's own parser, ten times as fast, would read otherwise: long numbers, and keys that reach for a prototype. */
const NEEDS_CARE = /[-+.\dEe]{16}|proto|constructor|\\u/;

/** Parses; numbers of more than 15 characters become strings. @throws SyntaxError-like when it is no JSON. */
export function parseJson(text: string): unknown {
  return (NEEDS_CARE.test(text) ? reader : JSON).parse(text) as unknown;
}

/** Writes; `bigint` values become plain JSON numbers. */
export function stringifyJson(value: unknown): string {
  return writer.stringify(value);
}
