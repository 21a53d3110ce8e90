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

describe("secrets", () => {
  const post = async (name: string, body: object) => bench.call("POST", `/api/2.0/secrets/${name}`, body);

  it("keeps values in scopes and shows only keys in lists", async () => {
    await post("scopes/create", { scope: "app" });
    await post("put", { scope: "app", key: "password", string_value: "s3cret" });

    const got = await bench.call("GET", "/api/2.0/secrets/get?scope=app&key=password");
    const listed = await bench.call("GET", "/api/2.0/secrets/list?scope=app");

    expect(Buffer.from(got.body.value, "base64").toString()).toBe("s3cret");
    expect(listed.body.secrets).toEqual([{ key: "password", last_updated_timestamp: expect.any(Number) }]);
    expect((await post("scopes/create", { scope: "app" })).body.error_code).toBe("RESOURCE_ALREADY_EXISTS");
    await post("delete", { scope: "app", key: "password" });
    expect((await bench.call("GET", "/api/2.0/secrets/get?scope=app&key=password")).status).toBe(404);
    expect((await post("put", { scope: "none", key: "a", string_value: "b" })).body.message).toBe(
      "Scope none does not exist!",
    );
  });
});

describe("permissions", () => {
  it("PUT replaces, PATCH adds", async () => {
    const entry = (name: string) => ({ user_name: name, permission_level: "CAN_MANAGE" });
    await bench.call("PUT", "/api/2.0/permissions/jobs/5", { access_control_list: [entry("a")] });
    const { body } = await bench.call("PATCH", "/api/2.0/permissions/jobs/5", { access_control_list: [entry("b")] });

    expect(body.access_control_list.map((item) => item.user_name)).toEqual(["a", "b"]);
  });
});
