import { parseJson } from "../../../src/databricks/int64-json";

describe("JSON with int64 ids", () => {
  it.each([
    ["an id beyond 2^53", `{"run_id":1125899906842624123}`, { run_id: "1125899906842624123" }],
    ["a negative one", `[-9007199254740993]`, ["-9007199254740993"]],
    ["sixteen digits", `{"a":9007199254740993}`, { a: "9007199254740993" }],
    ["fifteen digits", `{"a":123456789012345}`, { a: 123456789012345 }],
    ["short numbers", `{"a":[0,-1,2.5,1e3],"b":null,"c":true}`, { a: [0, -1, 2.5, 1000], b: null, c: true }],
    ["long digits in a text", `{"token":"1125899906842624123"}`, { token: "1125899906842624123" }],
  ])("reads %s", (_what, text, value) => {
    expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(value));
  });

  it.each([
    [`{"__proto__":{"polluted":true},"a":1}`],
    [`{"constructor":{"prototype":{"polluted":true}},"a":1}`],
    [`{"\\u005f_proto__":{"polluted":true},"a":1}`],
  ])("leaves out keys that reach for a prototype: %s", (text) => {
    const value = parseJson(text) as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(["a"]);
    expect(value["polluted"]).toBeUndefined();
  });

  it.each([["<html>"], [""], [`{"a":`], [`{"run_id":1125899906842624123`]])("refuses %j", (text) => {
    expect(() => parseJson(text)).toThrow();
  });
});
