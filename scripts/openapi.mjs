#!/usr/bin/env node
/** Keeps the API of this version in docs/openapi.json: from then on a change that breaks its clients fails a test. */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(join(root, "dist", "src", "main.js"));
const { buildOpenApi } = require("./api/registry/openapi.js");
const { OPERATIONS } = require("./api/registry/operations.js");
const { version } = require(join(root, "package.json"));
const file = join(root, "docs", "openapi.json");
writeFileSync(file, `${JSON.stringify(buildOpenApi(OPERATIONS, version, "/api"), null, 1)}\n`);
console.log(`${OPERATIONS.length} operations in ${file}`);
