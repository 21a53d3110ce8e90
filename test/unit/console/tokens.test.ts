import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";

/** One visual language: pages that cannot load the console's style sheet repeat its colours. */

const colours = (...path: string[]): Map<string, string> => {
  const text = readFileSync(join(REPO_ROOT, ...path), "utf8");
  const found = text.matchAll(/(--[a-z-]+):\s*light-dark\((#\w+),\s*(#\w+)\)/g);
  return new Map([...found].map(([, name = "", light, dark]) => [name, `${light} ${dark}`]));
};
const CONSOLE = colours("console", "styles", "tokens.css");

it.each([
  ["monitoring report and exploration", ["notebooks", "batchkeeper", "pages.py"]],
  ["local Databricks", ["local", "databricks", "server", "html.ts"]],
])("%s: every colour is the console's", (_name, path) => {
  const own = colours(...path);

  expect(own.size).toBeGreaterThan(5);
  for (const [name, value] of own) expect([name, value]).toEqual([name, CONSOLE.get(name)]);
});
