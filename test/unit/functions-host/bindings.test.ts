import { formatDate } from "../../../local/functions-host/bindings/date-format";
import { hasExpression, resolveExpressions } from "../../../local/functions-host/bindings/expression";
import { fromEntity, toEntity } from "../../../local/functions-host/bindings/table-entity";
import { itemsOf } from "../../../local/functions-host/bindings/values";

const GUID = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}";

describe("binding expressions", () => {
  const data = {
    name: "a/b.csv",
    Count: 3,
    flag: false,
    nothing: null,
    order: { customer: { id: "c1" }, lines: [1, 2] },
    headers: { "x-request.id": "r" },
    sys: { methodName: "fn", utcNow: new Date("2026-02-03T04:05:06.789Z") },
  };

  test.each([
    ["c/{name}", "c/a/b.csv"],
    ["{count}-{FLAG}", "3-false"],
    ["x{nothing}y", "xy"],
    ["{order.customer.id}", "c1"],
    ["{order.lines}", "[1,2]"],
    ["{headers.x-request.id}", "r"],
    ["{sys.methodName}/{sys.utcNow:yyyy/MM}", "fn/2026/02"],
    ["{{name}} {{{name}}}", "{name} {a/b.csv}"],
    ["no expression", "no expression"],
  ])("%s is %s", (text, expected) => {
    expect(resolveExpressions(text, data, "f")).toBe(expected);
  });

  test.each([
    ["{rand-guid}", `^${GUID}$`],
    ["{rand-guid:N}", "^[0-9a-f]{32}$"],
    ["{rand-guid:B}", `^\\{${GUID}\\}$`],
    ["{DateTime}", "^\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ$"],
    ["{datetime:yyyyMMdd}", "^\\d{8}$"],
  ])("%s is made anew", (text, pattern) => {
    expect(resolveExpressions(text, {}, "f")).toMatch(new RegExp(pattern));
  });

  test("two of the same name are two values; data of that name win", () => {
    const [first, second] = resolveExpressions("{rand-guid} {rand-guid}", {}, "f").split(" ");
    expect(first).not.toBe(second);
    expect(resolveExpressions("{datetime}", { DateTime: "mine" }, "f")).toBe("mine");
  });

  test("what nothing names is named, with its user", () => {
    expect(() => resolveExpressions("c/{other}", data, "function 'f'")).toThrow(
      'function \'f\': no value for the binding expression "{other}" of "c/{other}"',
    );
  });

  test("values are escaped where the place asks for it; braces alone are no expression", () => {
    expect(resolveExpressions("Name eq '{name}'", { name: "o'x" }, "f", (value) => value.replaceAll("'", "''"))).toBe(
      "Name eq 'o''x'",
    );
    expect([hasExpression("{a}"), hasExpression("{{a}}"), hasExpression("a")]).toEqual([true, false, false]);
  });
});

test.each([
  ["yyyy-MM-ddTHH:mm:ss.fffZ", "2026-02-03T14:05:06.789Z"],
  ["o", "2026-02-03T14:05:06.7890000Z"],
  ["ddd, d MMM yy h:m tt", "Tue, 3 Feb 26 2:5 PM"],
  ["MMMM dddd", "February Tuesday"],
  ["'yyyy' yyyy", "yyyy 2026"],
])("date format %s", (format, expected) => {
  expect(formatDate(new Date("2026-02-03T14:05:06.789Z"), format)).toBe(expected);
});

test.each([
  [{ string: "text" }, ["text"]],
  [{ string: '["a", 1, null, {"b": 2}]' }, ["a", "1", '{"b":2}']],
  [{ string: "[not json" }, ["[not json"]],
  [{ json: '{"a":[1]}' }, ['{"a":[1]}']],
  [{ json: "[]" }, []],
  [{ json: "true" }, ["true"]],
  [{ int: 7 }, ["7"]],
  [{ string: "" }, [""]],
])("%j gives %j", (data, expected) => {
  expect(itemsOf(data)).toEqual(expected);
});

describe("table entities", () => {
  const none = { partitionKey: undefined, rowKey: undefined };

  test("keys of the entity beat those of the binding, whatever their case", () => {
    expect(toEntity('{"partitionkey":"p","RowKey":5,"x":1}', { partitionKey: "q", rowKey: "r" }, "f")).toEqual({
      partitionKey: "p",
      rowKey: "5",
      x: { type: "Int64", value: "1" },
    });
    expect(toEntity('{"x":"y"}', { partitionKey: "q", rowKey: "r" }, "f")).toMatchObject({
      partitionKey: "q",
      rowKey: "r",
    });
  });

  test("no object, or no keys, is an error that says so", () => {
    for (const item of ["text", "7", '{"x":1}', '{"RowKey":"r"}'])
      expect(() => toEntity(item, none, "function 'f'")).toThrow(
        "function 'f': a table entity must be an object with PartitionKey and RowKey",
      );
  });

  test("the library's own properties stay out", () => {
    const stored = {
      partitionKey: "p",
      rowKey: "r",
      etag: "e",
      timestamp: "t",
      n: 5n,
      "odata.metadata": "m",
      at: { type: "DateTime", value: "2026" },
    };
    expect(fromEntity(stored)).toEqual({ PartitionKey: "p", RowKey: "r", n: 5, at: "2026" });
  });
});
