import { compareRoutes, parseRoute } from "../../../local/functions-host/http/route-template";

test.each([
  ["a/b", "/a/b", {}],
  ["a/b", "/A/B/", {}],
  ["a/{id}", "/a/7", { id: "7" }],
  ["a/{id:int}", "/a/-7", { id: "-7" }],
  ["a/{id?}", "/a", {}],
  ["a/{id=5}", "/a", { id: "5" }],
  ["a/{*rest}", "/a/b/c", { rest: "b/c" }],
  ["a/{*rest}", "/a", {}],
  ["a/{x}.{y}", "/a/b.c", { x: "b", y: "c" }],
  ["a/{n:length(2,3)}/z", "/a/xyz/z", { n: "xyz" }],
  ["a/{g:guid}", "/a/0f8fad5b-d9cb-469f-a165-70867728950e", { g: "0f8fad5b-d9cb-469f-a165-70867728950e" }],
  ["", "/", {}],
  ["a/{x:min(1):max(9)}", "/a/5", { x: "5" }],
  ["a/{x:range(-3,3)}", "/a/-3", { x: "-3" }],
  ["a/{x:length(3)}", "/a/abc", { x: "abc" }],
  ["a/{x:regex(^\\d{{2}}:[a-z]+$)}", "/a/12:ab", { x: "12:ab" }],
  ["a/{x:regex(^(a|b)/?$)}", "/a/b", { x: "b" }],
  ["a/{x:datetime?}", "/a", {}],
  ["a/{x:datetime}", "/a/2024-02-29%2010:30", { x: "2024-02-29%2010:30" }],
  ["a/{x:datetime}", "/a/12-31-2025", { x: "12-31-2025" }],
  ["a/{x:datetime}", "/a/29%20Nov%202026", { x: "29%20Nov%202026" }],
  ["a/{x:guid}", "/a/0f8fad5bd9cb469fa16570867728950e", { x: "0f8fad5bd9cb469fa16570867728950e" }],
  ["a/{x:bool}", "/a/TRUE", { x: "TRUE" }],
  ["a/{x:double}", "/a/-1.5e3", { x: "-1.5e3" }],
  ["a/{x:decimal}", "/a/1,234.5", { x: "1,234.5" }],
  ["a/{*rest:nonfile}", "/a/b/c", { rest: "b/c" }],
  ["a/{{x}}", "/a/{x}", {}],
  ["a/{x}.{y}", "/a/b.c.d", { x: "b.c", y: "d" }],
])("%s serves %s", (template, path, expected) => {
  expect(parseRoute(template).match(path)).toEqual(expected);
});

test.each([
  ["a/b", "/a"],
  ["a/b", "/a/b/c"],
  ["a.b", "/axb"],
  ["a/{id}", "/a"],
  ["a/{id}", "/a/b/c"],
  ["a/{id:int}", "/a/x7"],
  ["a/{w:alpha}", "/a/x7"],
  ["a/{x:int}", "/a/2147483648"],
  ["a/{x:long}", "/a/9223372036854775808"],
  ["a/{x:min(1):max(9)}", "/a/10"],
  ["a/{x:range(3,5)}", "/a/3.5"],
  ["a/{x:minlength(3)}", "/a/ab"],
  ["a/{x:maxlength(3)}", "/a/abcd"],
  ["a/{x:regex(^\\d{{2}}$)}", "/a/123"],
  ["a/{x:datetime}", "/a/hello%201"],
  ["a/{x:datetime}", "/a/2023-02-29"],
  ["a/{x:datetime}", "/a/2026-11-29T25:00:00"],
  ["a/{x:guid}", "/a/0f8fad5b-d9cb469f-a165-70867728950e"],
  ["a/{x:decimal}", "/a/1e3"],
  ["a/{x:file}", "/a/noext"],
])("%s does not serve %s", (template, path) => {
  expect(parseRoute(template).match(path)).toBeUndefined();
});

test("the more specific route is tried first", () => {
  const sorted = ["a/{*rest}", "a/{id}", "a/{id:int}", "a/b"].map(parseRoute).toSorted(compareRoutes);
  expect(sorted.map((route) => route.text)).toEqual(["a/b", "a/{id:int}", "a/{id}", "a/{*rest}"]);
});

test.each([
  ["a/{id", 'unbalanced "{"'],
  ["a/id}", 'unbalanced "}"'],
  ["a/{:int}", "names no parameter"],
  ["a/{id:range(1)}", 'unknown constraint "range(1)"'],
  ["a/{id:min(x)}", 'unknown constraint "min(x)"'],
  ["a/{id:regex([)}", "is no regular expression"],
])("%s is refused", (template, message) => {
  expect(() => parseRoute(template)).toThrow(message);
});

test("an unknown constraint is named", () => {
  expect(() => parseRoute("a/{id:colour}")).toThrow('route "a/{id:colour}": unknown constraint "colour"');
});
