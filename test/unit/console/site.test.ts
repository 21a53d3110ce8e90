import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { HttpRequest } from "@azure/functions";
import { consoleHandler } from "../../../src/functions/console";
import { OPERATIONS } from "../../../src/api/registry/operations";

const folder = mkdtempSync(join(tmpdir(), "bk-site-"));

beforeAll(() => {
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "assets", "main-ABC.js"), "1;");
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ main: "main-ABC.js" }));
  const script = '<script type="application/json" id="app">{{app}}</script>';
  writeFileSync(join(folder, "index.html"), `<base href="{{base}}"><script src="{{main}}"></script>${script}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const deps = { folder, version: "1.2.3", deployment: "</script>", auth: "keys" as const, operations: OPERATIONS };

function ask(pathname: string, headers: Record<string, string> = {}) {
  const path = pathname.slice(pathname.indexOf("/console") + "/console".length).replace(/^\//, "");
  const request = { url: `https://app.example${pathname}`, params: { path }, headers: new Headers(headers) };
  const { status, headers: given, body } = consoleHandler(deps)(request as unknown as HttpRequest);
  return { status, headers: given as Record<string, string>, body: body as Uint8Array | undefined };
}
const text = (body: Uint8Array | undefined) => Buffer.from(body ?? []).toString();

describe("the console's files", () => {
  it("are kept for ever under a name with their hash, packed for who takes it", () => {
    const packed = ask("/console/assets/main-ABC.js", { "accept-encoding": "gzip, br" });

    expect(packed.headers).toMatchObject({ "cache-control": "public, max-age=31536000, immutable", "content-encoding": "gzip" }); // prettier-ignore
    expect(gunzipSync(packed.body ?? Buffer.alloc(0)).toString()).toBe("1;");
    expect(text(ask("/console/assets/main-ABC.js").body)).toBe("1;");
  });

  it.each(["/console/assets/none.js", "/console/assets/../manifest.json", "/console/assets/"])(
    "%s is not there",
    (path) => {
      expect(ask(path).status).toBe(404);
    },
  );

  it("answer 304 to who has seen them", () => {
    const { etag = "" } = ask("/console/runs").headers;

    expect(ask("/console/runs", { "if-none-match": `W/${etag}` })).toMatchObject({ status: 304, body: undefined });
  });
});

describe("the console's page", () => {
  it("is the same for every address, and knows where the API is, also below a prefix", () => {
    const page = text(ask("/prefix/console/runs/a-1").body);

    expect(page).toContain('<base href="/prefix/console/">');
    expect(page).toContain('"api":"/prefix/api"');
    expect(page).toContain('"getRun":["GET","v1/runs/{runId}","reader"]');
  });

  it("is not left by what a name holds", () => {
    expect(text(ask("/console").body)).not.toContain('"deployment":"</script>"');
  });

  it("allows its own files and nothing inline", () => {
    const policy = ask("/console").headers["content-security-policy"] ?? "";

    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it("says what to do when the console was not built", () => {
    expect(() => consoleHandler({ ...deps, folder: join(folder, "nowhere") })({ url: "https://a/console", params: {}, headers: new Headers() } as unknown as HttpRequest)).toThrow("npm run build"); // prettier-ignore
  });
});
