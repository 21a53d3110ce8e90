import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";

/** Folder of `console/` without the parts that are no source of the page. */
export const consoleSources = (root) =>
  readdirSync(join(root, "console"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

/**
 * Makes `dist/console`: the page's scripts and styles under names with their hash, so that they may be kept for ever; `manifest.json`,
 * which says what is what; the licences of what was taken in from packages.
 */
export async function buildConsole(root) {
  const { build } = createRequire(join(root, "package.json"))("esbuild");
  const source = join(root, "console");
  const outdir = join(root, "dist", "console");
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir, { recursive: true });
  const common = {
    absWorkingDir: root,
    bundle: true,
    minify: true,
    metafile: true,
    target: ["chrome123", "firefox121", "safari17.5"],
    outdir: join(outdir, "assets"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    legalComments: "none",
    logLevel: "warning",
  };
  const page = await build({
    ...common,
    entryPoints: [join(source, "main.tsx")],
    format: "esm",
    splitting: true,
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  const rest = await build({
    ...common,
    entryPoints: [join(source, "theme.ts"), join(source, "styles", "console.css"), join(source, "icon.svg")],
    format: "iife",
    loader: { ".svg": "copy" },
  });
  const outputs = { ...page.metafile.outputs, ...rest.metafile.outputs };
  const named = (entry) => {
    const found = Object.entries(outputs).find(([, output]) => output.entryPoint === `console/${entry}`);
    if (!found) throw new Error(`the build of the console made nothing of ${entry}`);
    return basename(found[0]);
  };
  const icon = Object.keys(outputs).find((name) => /icon-.*\.svg$/.test(name));
  const manifest = {
    main: named("main.tsx"),
    theme: named("theme.ts"),
    styles: named("styles/console.css"),
    icon: basename(icon),
  };
  writeFileSync(join(outdir, "manifest.json"), JSON.stringify(manifest));
  writeFileSync(join(outdir, "index.html"), readFileSync(join(source, "index.html")));
  writeFileSync(join(outdir, "THIRD-PARTY.txt"), licences(root, page.metafile));
}

/** Name, version and licence of every package whose code is in the page. */
function licences(root, metafile) {
  const names = new Set(
    Object.keys(metafile.inputs).flatMap((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []),
  );
  return [...names]
    .sort()
    .map((name) => {
      const folder = join(root, "node_modules", name);
      const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licence: ${license}`;
      return `${name} ${version}\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(72)}\n\n`);
}
