import { app, type HttpRequest, type HttpResponseInit } from "@azure/functions";
import { roleOf, type ApiAuth } from "../api/http/callers";
import type { Operation } from "../api/registry/operation";
import { Site, type PageData, type SiteFile } from "../console/site";

/** What the console is served from. */
export interface ConsoleDeps {
  /** Folder of the built console. */
  readonly folder: string;
  readonly version: string;
  readonly deployment: string;
  readonly auth: ApiAuth;
  readonly operations: readonly Operation[];
}

const PATH = "console";

/** Nothing but the page's own files, no inline code, no text that becomes markup, no frame around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const SAFE: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

/** A file with its hash in the name never changes; the page itself is asked for every time, and mostly answered by 304. */
const FOR_EVER = "public, max-age=31536000, immutable";

/** Answers every address of the console: its files by name, the page for all others. Nothing here is secret: data come from the API alone. */
export function consoleHandler(deps: ConsoleDeps): (request: HttpRequest) => HttpResponseInit {
  const site = new Site(deps.folder);
  const operations: PageData["operations"] = Object.fromEntries(
    deps.operations.map(({ id, http, access }) => [id, [http.method, http.path, access]]),
  );
  return (request) => {
    const path = request.params["path"] ?? "";
    const { pathname } = new URL(request.url);
    const prefix = pathname.slice(0, pathname.lastIndexOf(`/${PATH}`, pathname.length - path.length));
    if (path.startsWith("assets/")) {
      const file = site.asset(path.slice("assets/".length));
      return file ? sent(file, request, FOR_EVER) : { status: 404, headers: SAFE };
    }
    const { version, deployment } = deps;
    const role = roleOf(request, deps.auth);
    const data = { base: `${prefix}/${PATH}/`, api: `${prefix}/api`, version, deployment, role, operations };
    return sent(site.page(data), request, "no-cache");
  };
}

function sent({ type, bytes, zipped, etag }: SiteFile, request: HttpRequest, cacheControl: string): HttpResponseInit {
  const headers = { ...SAFE, etag, "cache-control": cacheControl, vary: "accept-encoding" };
  const seen = (request.headers.get("if-none-match") ?? "").replaceAll("W/", "").split(/\s*,\s*/);
  if (seen.includes(etag)) return { status: 304, headers };
  const isZipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  return {
    status: 200,
    headers: { ...headers, "content-type": type, ...(isZipped ? { "content-encoding": "gzip" } : {}) },
    body: isZipped ? zipped : bytes,
  };
}

/** Registers `GET /`, which leads to the console, and everything below `console/`. */
export function registerConsole(deps: ConsoleDeps): void {
  app.http("home", {
    methods: ["GET"],
    route: "/",
    authLevel: "anonymous",
    handler: (request) => ({
      status: 302,
      headers: { ...SAFE, location: `${new URL(request.url).pathname.replace(/\/+$/, "")}/${PATH}/` },
    }),
  });
  app.http("console", {
    methods: ["GET"],
    route: `${PATH}/{*path}`,
    authLevel: "anonymous",
    handler: consoleHandler(deps),
  });
}
