import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Declaration, Expr } from "../../../local/deploy/bicep/parser";
import { parseAll, property, readSources, resourcesOf, textOf } from "../../../local/deploy/bicep/template";
import { tableBelow } from "../../support/markdown-table";

const ROOT = join(__dirname, "..", "..", "..");
const files = parseAll(readSources(join(ROOT, "infra")));

/** `account::blobs::batches` as it is written. */
function path(expr: Expr | undefined): string {
  if (expr?.kind === "name") return expr.name;
  if (expr?.kind === "member") return `${path(expr.of)}::${expr.name}`;
  throw new Error("not a symbol");
}

/** Rows `file, scope, role, id, why` of an assignment, which is a loop over a variable of roles. */
function rowsOf(file: string, declarations: readonly Declaration[], assignment: Declaration): string[][] {
  if (assignment.value?.kind !== "scope") throw new Error(`${file}: ${assignment.name} is no loop over roles`);
  const list = path(assignment.value.over);
  const roles = declarations.find(({ name }) => name === list)?.value;
  if (roles?.kind !== "group") throw new Error(`${file}: ${list} is no list`);
  const scope = path(property(assignment.value.body, "scope"));
  return roles.items.map((item) => [
    file,
    scope,
    ...["role", "id", "why"].map((key) => textOf(property(item, key)) ?? ""),
  ]);
}

it("docs/deploy.md lists exactly the roles that infra/ assigns, each with its scope and reason", () => {
  const assigned = [...files].flatMap(([file, declarations]) =>
    resourcesOf(declarations)
      .filter(({ type }) => type.startsWith("Microsoft.Authorization/roleAssignments@"))
      .flatMap((assignment) => rowsOf(file, declarations, assignment)),
  );
  const documented = tableBelow(readFileSync(join(ROOT, "docs", "deploy.md"), "utf8"), "### Roles");

  expect(assigned.length).toBeGreaterThan(10);
  expect(documented.map((row) => row.join(" | ")).sort()).toEqual(assigned.map((row) => row.join(" | ")).sort());
});
