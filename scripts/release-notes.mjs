#!/usr/bin/env node
/** Prints what CHANGELOG.md says of a tag such as v0.2.0. Refuses a tag that the changelog or package.json does not know. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (name) => readFileSync(join(root, name), "utf8");
const version = (process.argv[2] ?? "").replace(/^v/, "");
const { version: own } = JSON.parse(read("package.json"));
const [, ...sections] = read("CHANGELOG.md").split(/^## /m);
const section = sections.find((text) => text.startsWith(`[${version}]`));

if (version !== own) fail(`the tag says ${version}, package.json ${own}`);
if (!section) fail(`CHANGELOG.md has no section [${version}]`);
console.log(section.slice(section.indexOf("\n")).trim());

function fail(reason) {
  console.error(`release notes: ${reason}`);
  process.exit(1);
}
