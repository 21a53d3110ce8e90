import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Role } from "../api/registry/operation";

/** A file of the console as it is sent. */
export interface SiteFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly zipped: Uint8Array;
  readonly etag: string;
}

/** What the page is told when it is served. */
export interface PageData {
  /** Path of the console's root, with a slash at its end. */
  readonly base: string;
  /** Path of the API's root, without one. */
  readonly api: string;
  readonly version: string;
  readonly deployment: string;
  /** What the caller may do; null when no one is signed in. */
  readonly role: Role | null;
  /** By id: method, path below the API's root, role. */
  readonly operations: Readonly<Record<string, readonly [method: string, path: string, access: string]>>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".html": "text/html; charset=utf-8",
};

/** The console's files as `npm run build` made them, read once. */
export class Site {
  readonly #folder: string;
  readonly #assets = new Map<string, SiteFile>();
  #template = "";

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A file with its hash in its name; undefined when there is none. */
  asset(name: string): SiteFile | undefined {
    this.#read();
    return this.#assets.get(name);
  }

  /** The page itself, for every address of the console. @throws Error when the console was not built */
  page(data: PageData): SiteFile {
    this.#read();
    // Inside a script element a "<" could end it.
    const json = JSON.stringify(data).replaceAll("<", "\\u003c");
    const text = this.#template.replaceAll("{{base}}", escapeAttribute(data.base)).replace("{{app}}", () => json);
    return siteFile(".html", Buffer.from(text));
  }

  #read(): void {
    if (this.#template !== "") return;
    const manifest = join(this.#folder, "manifest.json");
    if (!existsSync(manifest))
      throw new Error("the console is not in this package: `npm run build` makes dist/console");
    const assets = join(this.#folder, "assets");
    for (const name of readdirSync(assets)) {
      const extension = extname(name);
      if (extension in TYPES) this.#assets.set(name, siteFile(extension, readFileSync(join(assets, name))));
    }
    const names = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, string>;
    let template = readFileSync(join(this.#folder, "index.html"), "utf8");
    for (const [part, name] of Object.entries(names)) template = template.replaceAll(`{{${part}}}`, `assets/${name}`);
    this.#template = template;
  }
}

function siteFile(extension: string, bytes: Buffer): SiteFile {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  return { type: TYPES[extension] ?? "application/octet-stream", bytes, zipped: gzipSync(bytes), etag };
}

const escapeAttribute = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
