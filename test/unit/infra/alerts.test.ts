import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(__dirname, "..", "..", "..");
const src = globSync("src/**/*.ts", { cwd: ROOT })
  .map((file) => readFileSync(join(ROOT, file), "utf8"))
  .join("\n");
const queries = ["app/alerts.bicep", "workbook.json"]
  .map((file) => readFileSync(join(ROOT, "infra", file), "utf8").replaceAll('\\"', '"'))
  .join("\n");

describe("alerts and workbook ask for", () => {
  const messages = [
    ...new Set([...queries.matchAll(/message startswith "([^"]+)"/g)].map(([, message]) => message ?? "")),
  ];

  it.each(messages)("log lines that src/ writes: %s", (message) => {
    expect(src).toMatch(new RegExp(`\\b(?:log|Logger)\\.(?:info|warn|error)\\("${message}`));
  });

  it("a function that is registered", () => {
    const [, name] = /operation_Name == "(\w+)"/.exec(queries) ?? [];

    expect(src).toContain(`app.timer("${name}"`);
  });
});
