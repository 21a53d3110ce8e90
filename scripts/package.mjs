#!/usr/bin/env node
/**
 * Makes what is deployed from the compiled app: the folder `dist/app`, which azd takes, and the same as a zip whose bytes depend on
 * the sources alone. Prints sizes, the digest, and what a cold import costs beside an empty Node.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { importCost } from "./package/import-cost.mjs";
import { layOut } from "./package/lay-out.mjs";
import { zipFolder } from "./package/zip-folder.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({ options: { out: { type: "string" }, "no-import": { type: "boolean" } } });
const out = values.out ?? join(root, "dist");
const folder = join(out, "app");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const file = join(out, `batchkeeper-${version}.zip`);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

const { packages, bytes } = await layOut(root, folder);
const zip = zipFolder(folder);
writeFileSync(file, zip);
console.log(`package     ${file}`);
console.log(`contents    the app and ${packages} packages in one file, definitions, host.json, bill of materials`);
console.log(`size        ${megabytes(bytes)} unpacked, ${megabytes(zip.length)} packed`);
console.log(`sha256      ${createHash("sha256").update(zip).digest("hex")}`);
if (!values["no-import"]) {
  const { empty, app } = importCost(root, folder);
  const milliseconds = ({ wall, cpu }) => `${wall.toFixed(0)} ms (${cpu.toFixed(0)} ms of processor)`;
  console.log(`cold import ${milliseconds(app)}, an empty Node ${milliseconds(empty)}; the best of five`);
}
