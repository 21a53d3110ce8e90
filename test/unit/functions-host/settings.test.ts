import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigReader } from "../../../local/functions-host/config-reader";
import { sanitisedHubName } from "../../../local/functions-host/durable/config";
import { compareVersions, versionMismatch } from "../../../local/functions-host/durable/version";
import { isLogged, setLogLevels } from "../../../local/functions-host/log";
import { readJson } from "../../../local/functions-host/settings";
import { formatTimeSpan, parseTimeSpan } from "../../../local/functions-host/time-span";
import { childContext, isTraceParent } from "../../../local/functions-host/worker/trace-context";

describe("JSON files with comments", () => {
  const folder = mkdtempSync(join(tmpdir(), "json-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const read = (text: string): unknown => {
    writeFileSync(join(folder, "x.json"), text);
    return readJson(join(folder, "x.json"));
  };

  test.each([
    ['{"a": 1 // one\n}', { a: 1 }],
    ['/* head */ {"a": /* in\nside */ 1}', { a: 1 }],
    ['{"a": "// no /* comment */", "b": "\\"//"}', { a: "// no /* comment */", b: '"//' }],
    ['{"a": [1, 2, ], "b": {"c": 1, /* x */ }, }', { a: [1, 2], b: { c: 1 } }],
    ['{"a": ",}", "b": ",]"}', { a: ",}", b: ",]" }],
    ["\uFEFF{}", {}],
  ])("%j", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each([
    ['{\n// c\n"a": 1\n"b": 2}', /line 4 column 1/],
    ["{ /* open", /x\.json is not valid JSON/],
    ['{"a": 1,, }', /is not valid JSON/],
    ["[1]", /x\.json must hold a JSON object/],
  ])("%j is refused", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

test.each([
  ["00:05:00", 300_000],
  ["1.02:03:04.5", 93_784_500],
  ["00:30", 1_800_000],
  ["-00:00:01", -1000],
  ["7", 7 * 86_400_000],
  ["24:00:00", undefined],
  ["00:61:00", undefined],
  ["soon", undefined],
])("time span %s", (text, expected) => {
  expect(parseTimeSpan(text)).toBe(expected);
});

test.each([
  [300_000, "00:05:00"],
  [2500, "00:00:02.5000000"],
  [93_784_000, "1.02:03:04"],
])("%d ms is %s", (ms, expected) => {
  expect(formatTimeSpan(ms)).toBe(expected);
});

test.each([
  ["my-app", "myapp"],
  ["7up", "t7up"],
  ["a-b", "abHub"],
  ["---", "DefaultTaskHub"],
  ["x".repeat(60), "x".repeat(45)],
  ["TestHubName", "TestHubName"],
])("site name %s gives hub %s", (site, hub) => {
  expect(sanitisedHubName(site)).toBe(hub);
});

test.each([
  ["", "", 0],
  ["", "1.0", -1],
  ["1.9", "1.10", -1],
  ["1.0", "1.0.0", -1],
  ["2.0", "1.9.9", 1],
  ["beta", "ALPHA", 1],
  ["v1", "V1", 0],
])("version %j beside %j", (a, b, expected) => {
  expect(compareVersions(a, b)).toBe(expected);
  expect(compareVersions(b, a)).toBe(expected === 0 ? 0 : -expected);
});

test("which versions fit", () => {
  const rules = { defaultVersion: "2.0", failure: "Fail" } as const;
  expect(versionMismatch({ ...rules, match: "CurrentOrOlder" }, null)).toBeUndefined();
  expect(versionMismatch({ ...rules, match: "CurrentOrOlder" }, "2.1")).toContain("is newer than version '2.0'");
  expect(versionMismatch({ ...rules, match: "Strict" }, "1.0")).toContain("is not version '2.0'");
  expect(versionMismatch({ ...rules, match: "None" }, "9")).toBeUndefined();
});

test("log levels: the longest prefix counts, at a dot, whatever the case", () => {
  setLogLevels(
    new Map([
      ["default", "warning"],
      ["Function", "error"],
      ["function.Mine", "debug"],
      ["Host.Aggregator", "none"],
    ]),
  );
  expect(isLogged("information", "Host.General")).toBe(false);
  expect(isLogged("warning", "Host.General")).toBe(true);
  expect(isLogged("warning", "Function.Other.User")).toBe(false);
  expect(isLogged("debug", "Function.mine.User")).toBe(true);
  expect(isLogged("debug", "Function.minely")).toBe(false);
  expect(isLogged("critical", "Host.Aggregator")).toBe(false);
  setLogLevels(new Map());
  expect(isLogged("information", "Host.General")).toBe(true);
});

describe("configuration reader", () => {
  test("case does not matter, texts may stand for numbers and flags, what nobody asked for is known", () => {
    const reader = new ConfigReader({
      A: { Count: "5", flag: "True", "with.dot": 1 },
      list: ["x"],
      rest: { deep: { er: 1 } },
    });
    expect([reader.count("a.count", 1, 9), reader.flag("A.FLAG"), reader.texts("list")]).toEqual([5, true, ["x"]]);
    expect(reader.unread()).toEqual(["A.with.dot", "rest.deep.er"]);
    expect(reader.section("rest")).toEqual(new Map([["deep.er", "1"]]));
    reader.override("a.COUNT", "7");
    expect(reader.count("a.count", 1, 9)).toBe(7);
    expect(reader.faults).toEqual([]);
  });

  test("every fault names its key", () => {
    const reader = new ConfigReader({ n: 1.5, t: {}, f: "yes", l: [1], w: "c" });
    reader.count("n", 1, 9);
    reader.flag("f");
    reader.texts("l");
    reader.oneOf("w", ["a", "b"]);
    reader.timeSpan("n", 0);
    expect(reader.faults).toEqual([
      '"n" must be a whole number from 1 to 9, not "1.5"',
      '"f" must be true or false',
      '"l" must be a list of texts',
      '"w" must be a or b, not "c"',
      '"n" must be a time span "hh:mm:ss", not "1.5"',
    ]);
  });
});

test("trace parents", () => {
  const valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(isTraceParent(valid)).toBe(true);
  for (const text of [
    "",
    "ff" + valid.slice(2),
    valid.toUpperCase(),
    valid.replace(/-00f0.*-/, `-${"0".repeat(16)}-`),
    "x",
  ])
    expect(isTraceParent(text)).toBe(false);
  const child = childContext({ traceParent: valid, traceState: "a=b" });
  expect(child.traceParent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/);
  expect(child.traceState).toBe("a=b");
});
