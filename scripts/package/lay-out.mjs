/** Lays out the deployed app: one file with the app and all that it imports, and what it reads beside it. */
import { cyclonedxEsbuildPlugin } from "@cyclonedx/cyclonedx-esbuild";
import { build } from "esbuild";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files and folders of the checkout that the app reads at run time. */
const READ_BY_THE_APP = ["host.json", "pipelines", "LICENSE"];
/** Inside the app's folder. */
const ENTRY = "main.js";
export const BILL_OF_MATERIALS = "sbom.cdx.json";
/** Given by the Functions worker, which the app must share with it. */
const GIVEN_BY_THE_HOST = ["@azure/functions-core"];

/**
 * Writes the app's folder anew.
 * @returns how many packages are in it, and the bytes of all files
 * @throws Error when the app is not compiled, or imports what is not installed
 */
export async function layOut(root, folder) {
  const compiled = join(root, "dist", "src", "main.js");
  if (!existsSync(compiled)) throw new Error(`${compiled} not found: run 'npm run build' first`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(root, "dist", "console"))) throw new Error("dist/console not found: run 'npm run build' first");
  cpSync(join(root, "dist", "console"), join(folder, "dist", "console"), { recursive: true });
  for (const part of READ_BY_THE_APP) cpSync(join(root, part), join(folder, part), { recursive: true });
  const { name, version, license, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const manifest = { name, version, private: true, description, license, main: ENTRY };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const { metafile } = await bundle(root, compiled, folder);
  const installed = Object.keys(metafile.inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return { packages: new Set(installed.filter(Boolean)).size, bytes: sizeOf(folder) };
}

/**
 * From the compiled tree, so that a `require` finds what it finds at development. Not minified: a stack trace of Azure names the function,
 * and the size is no concern.
 */
async function bundle(root, compiled, folder) {
  return build({
    absWorkingDir: root,
    entryPoints: [compiled],
    outfile: join(folder, ENTRY),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    external: GIVEN_BY_THE_HOST,
    // Notices of licences stay, at the end of the file.
    legalComments: "eof",
    logLevel: "warning",
    metafile: true,
    plugins: [
      cyclonedxEsbuildPlugin({
        specVersion: "1.6",
        outputFile: BILL_OF_MATERIALS,
        outputReproducible: true,
        gatherLicenseTexts: true,
        logLevel: "silent",
      }),
    ],
  });
}

const sizeOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(join(entry.parentPath, entry.name)).size, 0);
