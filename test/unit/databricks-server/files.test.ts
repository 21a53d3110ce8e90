import { request } from "node:http";
import { text } from "node:stream/consumers";
import { Bench } from "./harness";

const bench = new Bench();
beforeAll(async () => bench.start());
afterAll(async () => bench.remove());

const encode = (text: string) => Buffer.from(text).toString("base64");
const NOTEBOOK = "# Databricks notebook source\nexit done\n";

describe("workspace", () => {
  const importNotebook = async (path: string, more: object = {}) =>
    bench.call("POST", "/api/2.0/workspace/import", {
      path,
      content: encode(NOTEBOOK),
      format: "SOURCE",
      language: "PYTHON",
      ...more,
    });

  it("imports a notebook that a job then runs", async () => {
    await bench.call("POST", "/api/2.0/workspace/mkdirs", { path: "/Workspace/Shared/nb" });

    const imported = await importNotebook("/Workspace/Shared/nb/score");
    const jobId = await bench.job([], {}, { notebook_task: { notebook_path: "/Workspace/Shared/nb/score" } });
    const runId = await bench.runNow(jobId);
    await bench.ended(runId);

    expect(imported.status).toBe(200);
    expect((await bench.output(runId)).notebook_output.result).toBe("done");
  });

  it("lists, describes, exports and deletes", async () => {
    const status = await bench.call("GET", "/api/2.0/workspace/get-status?path=/Shared/nb/score");
    const list = await bench.call("GET", "/api/2.0/workspace/list?path=/Shared/nb");
    const exported = await bench.call("GET", "/api/2.0/workspace/export?path=/Shared/nb/score&format=SOURCE");
    const refused = await bench.call("POST", "/api/2.0/workspace/delete", { path: "/Shared/nb" });
    const deleted = await bench.call("POST", "/api/2.0/workspace/delete", { path: "/Shared/nb", recursive: true });
    const gone = await bench.call("GET", "/api/2.0/workspace/get-status?path=/Shared/nb/score");

    expect(status.body).toMatchObject({ path: "/Shared/nb/score", object_type: "NOTEBOOK", language: "PYTHON" });
    expect(list.body.objects.map((item) => item.path)).toEqual(["/Shared/nb/score"]);
    expect(Buffer.from(exported.body.content, "base64").toString()).toBe(NOTEBOOK);
    expect(refused.body.error_code).toBe("DIRECTORY_NOT_EMPTY");
    expect(deleted.status).toBe(200);
    expect(gone).toMatchObject({ status: 404, body: { message: "Path (/Shared/nb/score) doesn't exist." } });
  });

  it("refuses to overwrite silently and to leave its root", async () => {
    await bench.call("POST", "/api/2.0/workspace/mkdirs", { path: "/Shared/twice" });
    await importNotebook("/Shared/twice/a");

    expect((await importNotebook("/Shared/twice/a")).body.error_code).toBe("RESOURCE_ALREADY_EXISTS");
    expect((await importNotebook("/Shared/twice/a", { overwrite: true })).status).toBe(200);
    expect((await importNotebook("/../../../../tmp/escape")).body.message).toContain("leads out of its root");
  });
});

/** A request without the content type that `fetch` would add. */
const send = async (method: string, path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(
      bench.url + path,
      {
        method,
        headers: { authorization: `Bearer ${bench.token}`, "content-length": Buffer.byteLength(body), ...headers },
      },
      (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, text: answer }), reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });

describe("import-file", () => {
  const path = (name: string) => `/api/2.0/workspace-files/import-file/${name}?overwrite=true`;
  const read = async (name: string) =>
    (await bench.call("GET", `/api/2.0/workspace/export?direct_download=true&path=${name}`)).body;
  beforeAll(async () => bench.call("POST", "/api/2.0/workspace/mkdirs", { path: "/Shared/raw" }));

  it.each<[string, string, Record<string, string>]>([
    ["text without a content type", "not: {json", {}],
    ["JSON that is a file", '{"a": [1]}', { "content-type": "application/json" }],
    ["JSON that is no object", "[1]", { "content-type": "application/json" }],
    ["plain text", "not json", { "content-type": "text/plain" }],
    ["a form that is a file", "--x\r\n", { "content-type": "multipart/form-data; boundary=x" }],
    ["a file of no bytes", "", {}],
    ["fields of the API's own name", '{"overwrite": "perhaps"}', {}],
  ])("stores %s as it is", async (_what, content, headers) => {
    // The Databricks CLI escapes the slashes of the path.
    const answer = await send("POST", path("Shared%2Fraw%2Fa.json"), content, headers);

    expect(answer).toEqual({ status: 200, text: "{}" });
    expect(JSON.stringify(await read("/Shared/raw/a.json"))).toBe(JSON.stringify(content));
  });

  it("takes files over the limit of other requests", async () => {
    expect((await send("POST", path("Shared/raw/big.bin"), Buffer.alloc(17 * 1024 * 1024))).status).toBe(200);
  });

  it("tells a missing parent by 404, an existing file by 409, a path that cannot be read by 400", async () => {
    await send("POST", path("Shared/raw/twice"), "x");

    const missing = await send("POST", path("Shared/none/a"), "x");
    const twice = await send("POST", path("Shared/raw/twice").replace("true", "false"), "x");
    const broken = await send("POST", path("Shared/%zz"), "x");

    expect([missing.status, twice.status, broken.status]).toEqual([404, 409, 400]);
    expect(JSON.parse(broken.text)).toMatchObject({ error_code: "MALFORMED_REQUEST" });
  });
});

describe("import by multipart form", () => {
  const upload = async (fields: Record<string, string>, content: string | Blob) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    if (typeof content === "string") form.set("content", content);
    else form.set("content", content, "content");
    const response = await fetch(`${bench.url}/api/2.0/workspace/import`, {
      method: "POST",
      headers: { authorization: `Bearer ${bench.token}` },
      body: form,
    });
    return { status: response.status, body: (await response.json()) as object };
  };
  const status = async (path: string) => (await bench.call("GET", `/api/2.0/workspace/get-status?path=${path}`)).body;
  beforeAll(async () => bench.call("POST", "/api/2.0/workspace/mkdirs", { path: "/Shared/form" }));

  it("takes the content as a file, or as base64 in a field", async () => {
    const file = await upload({ path: "/Shared/form/a.py", language: "PYTHON" }, new Blob([NOTEBOOK]));
    const field = await upload({ path: "/Shared/form/b", language: "PYTHON" }, encode(NOTEBOOK));
    const again = await upload({ path: "/Shared/form/b", language: "PYTHON" }, encode(NOTEBOOK));
    const over = await upload({ path: "/Shared/form/b", language: "PYTHON", overwrite: "true" }, encode(NOTEBOOK));

    expect([file.status, field.status, again.status, over.status]).toEqual([200, 200, 400, 200]);
    for (const path of ["/Shared/form/a", "/Shared/form/b"]) {
      expect(await status(path)).toMatchObject({ object_type: "NOTEBOOK" });
      const exported = await bench.call("GET", `/api/2.0/workspace/export?direct_download=true&path=${path}`);
      expect(exported.body).toBe(NOTEBOOK);
    }
  });

  it.each(["HTML", "JUPYTER", "DBC", "R_MARKDOWN"])(
    "refuses the format %s, and says which are served",
    async (format) => {
      const { status: code, body } = await upload({ path: "/Shared/form/x", format }, new Blob([""]));

      const exported = await bench.call("GET", `/api/2.0/workspace/export?path=/Shared/form&format=${format}`);

      expect(exported.body.message).toContain("use SOURCE, AUTO or RAW");
      expect([code, body]).toEqual([
        400,
        { error_code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining("use SOURCE, AUTO or RAW") },
      ]);
    },
  );

  it("makes a notebook of source without the notebook's first line", async () => {
    await upload({ path: "/Shared/form/plain", language: "SQL" }, new Blob(["SELECT 1"]));

    expect(await status("/Shared/form/plain")).toMatchObject({ object_type: "NOTEBOOK", language: "SQL" });
    const { body } = await bench.call("GET", "/api/2.0/workspace/export?path=/Shared/form/plain");
    expect(Buffer.from(body.content, "base64").toString()).toBe("-- Databricks notebook source\nSELECT 1");
  });

  it("keeps bytes that are no text, and refuses a form that is none", async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 45, 45]);
    await upload({ path: "/Shared/form/bytes.bin", format: "AUTO" }, new Blob([bytes]));
    const broken = await send("POST", "/api/2.0/workspace/import", "--x\r\nhalf", {
      "content-type": "multipart/form-data; boundary=x",
    });

    const { body } = await bench.call("GET", "/api/2.0/workspace/export?path=/Shared/form/bytes.bin");
    expect(Buffer.from(body.content, "base64")).toEqual(bytes);
    expect(broken.status).toBe(400);
    expect(JSON.parse(broken.text)).toMatchObject({ error_code: "MALFORMED_REQUEST" });
  });
});

describe("ranges", () => {
  const path = "/api/2.0/fs/files/Volumes/main/default/v/range.bin";
  const get = async (range: string, more: Record<string, string> = {}) =>
    bench.call("GET", path, undefined, { range, ...more });
  beforeAll(async () => bench.call("PUT", path, "0123456789", { "content-type": "application/octet-stream" }));

  it.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=-30", "0123456789", "bytes 0-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
    ["bytes=0-0", "0", "bytes 0-0/10"],
  ])("%s is answered by 206 with %s", async (range, content, contentRange) => {
    const answer = await get(range);

    expect([answer.status, answer.body, answer.headers.get("content-range")]).toEqual([206, content, contentRange]);
    expect(answer.headers.get("content-length")).toBe(String(content.length));
  });

  it.each(["bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=-"])("%s is ignored", async (range) => {
    const answer = await get(range);

    expect([answer.status, answer.body]).toEqual([200, "0123456789"]);
    expect(answer.headers.get("accept-ranges")).toBe("bytes");
  });

  it.each(["bytes=10-", "bytes=-0"])("%s, beyond the end, is answered by 416 with the size", async (range) => {
    const answer = await get(range);

    expect([answer.status, answer.headers.get("content-range")]).toEqual([416, "bytes */10"]);
    expect(answer.body.error_code).toBe("OUT_OF_RANGE");
  });

  it("does not go on with a file that changed meanwhile", async () => {
    const modified = (await bench.call("HEAD", path)).headers.get("last-modified") ?? "";
    const old = new Date(Date.parse(modified) - 60_000).toUTCString();

    const same = await get("bytes=2-4", { "if-unmodified-since": modified, "if-range": modified });
    const changed = await get("bytes=2-4", { "if-unmodified-since": old });
    const whole = await get("bytes=2-4", { "if-range": old });

    expect([same.status, changed.status, whole.status]).toEqual([206, 412, 200]);
  });

  it("is served for downloads from the workspace too, and for an empty file not at all", async () => {
    await bench.call("POST", "/api/2.0/workspace/mkdirs", { path: "/Shared/range" });
    await send("POST", "/api/2.0/workspace-files/import-file/Shared/range/a.txt", "0123456789");
    const empty = path.replace("range", "empty");
    await bench.call("PUT", empty, "", { "content-type": "application/octet-stream" });

    const exported = "/api/2.0/workspace/export?direct_download=true&path=/Shared/range/a.txt";
    expect(await bench.call("GET", exported, undefined, { range: "bytes=2-4" })).toMatchObject({ status: 206 });
    expect(await bench.call("GET", empty, undefined, { range: "bytes=0-" })).toMatchObject({ status: 416 });
    expect(await bench.call("GET", empty)).toMatchObject({ status: 200, body: "" });
  });
});

describe("volumes", () => {
  const path = "/api/2.0/fs/files/Volumes/main/default/v/dir/a.bin";

  it("stores, reads and removes files", async () => {
    const put = await bench.call("PUT", path, "12345", { "content-type": "application/octet-stream" });
    const again = await bench.call("PUT", path, "6", { "content-type": "application/octet-stream" });
    const over = await bench.call("PUT", `${path}?overwrite=true`, "678", {
      "content-type": "application/octet-stream",
    });
    const head = await bench.call("HEAD", path);
    const read = await bench.call("GET", path);
    const list = await bench.call("GET", "/api/2.0/fs/directories/Volumes/main/default/v/dir");
    const removed = await bench.call("DELETE", path);

    expect([put.status, again.status, over.status, head.status, removed.status]).toEqual([204, 409, 204, 200, 204]);
    expect(head.headers.get("content-length")).toBe("3");
    expect(read.body).toBe("678");
    expect(list.body.contents).toEqual([
      expect.objectContaining({ path: "/Volumes/main/default/v/dir/a.bin", file_size: 3 }),
    ]);
    expect((await bench.call("GET", path)).status).toBe(404);
  });
});
