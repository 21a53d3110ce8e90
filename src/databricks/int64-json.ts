import jsonBigint from "json-bigint";

/** JSON with int64 ids: `JSON.parse` would round those above 2^53. */
const reader = jsonBigint({ storeAsString: true, protoAction: "ignore", constructorAction: "ignore" });
const writer = jsonBigint({ useNativeBigInt: true });

/** Parses; integers of more than 15 digits become decimal strings. @throws SyntaxError-like when it is no JSON. */
export function parseJson(text: string): unknown {
  return reader.parse(text) as unknown;
}

/** Writes; `bigint` values become plain JSON numbers. */
export function stringifyJson(value: unknown): string {
  return writer.stringify(value);
}
