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
])("%s does not serve %s", (template, path) => {
  expect(parseRoute(template).match(path)).toBeUndefined();
});

test("the more specific route is tried first", () => {
  const sorted = ["a/{*rest}", "a/{id}", "a/{id:int}", "a/b"].map(parseRoute).toSorted(compareRoutes);
  expect(sorted.map((route) => route.text)).toEqual(["a/b", "a/{id:int}", "a/{id}", "a/{*rest}"]);
});

test("an unknown constraint is named", () => {
  expect(() => parseRoute("a/{id:colour}")).toThrow('route "a/{id:colour}": unknown constraint "colour"');
});
