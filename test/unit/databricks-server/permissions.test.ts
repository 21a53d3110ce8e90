import { Bench } from "./harness";

const bench = new Bench();
beforeAll(async () => bench.start());
afterAll(async () => bench.remove());

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
  const path = "/api/2.0/permissions/jobs/7";
  const levels = async (method: string, ...entries: object[]) => {
    const { body } = await bench.call(method, path, { access_control_list: entries });
    return body.access_control_list.map((item) => [
      item.user_name ?? item.group_name,
      ...item.all_permissions.map((permission) => permission.permission_level),
    ]);
  };
  const user = (user_name: string, permission_level: string) => ({ user_name, permission_level });

  it("PATCH replaces the level of whom it names, as often as it is sent, and nobody else's", async () => {
    await levels("PUT", user("a", "IS_OWNER"), user("b", "CAN_VIEW"), {
      group_name: "b",
      permission_level: "CAN_VIEW",
    });

    const once = await levels("PATCH", user("b", "CAN_MANAGE"), user("c", "CAN_VIEW"));
    const twice = await levels("PATCH", user("b", "CAN_MANAGE"), user("c", "CAN_VIEW"));
    const owner = await levels("PATCH", user("c", "IS_OWNER"));

    expect(once).toEqual([
      ["a", "IS_OWNER"],
      ["b", "CAN_MANAGE"],
      ["b", "CAN_VIEW"],
      ["c", "CAN_VIEW"],
    ]);
    expect(twice).toEqual(once);
    expect(owner).toEqual([
      ["b", "CAN_MANAGE"],
      ["b", "CAN_VIEW"],
      ["c", "IS_OWNER"],
    ]);
  });

  it("refuses an unknown level, an entry for nobody or for two, two owners", async () => {
    const entries = [
      [user("a", "CAN_DANCE")],
      [{ permission_level: "CAN_VIEW" }],
      [{ ...user("a", "CAN_VIEW"), group_name: "g" }],
      [{ user_name: "a" }],
      [user("a", "IS_OWNER"), user("b", "IS_OWNER")],
    ];

    for (const access_control_list of entries) {
      const answer = await bench.call("PUT", path, { access_control_list });
      expect([answer.status, answer.body.error_code]).toEqual([400, "INVALID_PARAMETER_VALUE"]);
    }
  });

  it("come with a new job", async () => {
    const jobId = await bench.job(["exit"], { access_control_list: [user("a", "CAN_VIEW")] });

    const { body } = await bench.call("GET", `/api/2.0/permissions/jobs/${jobId}`);

    expect(body.access_control_list).toEqual([
      { user_name: "a", all_permissions: [{ permission_level: "CAN_VIEW", inherited: false }] },
    ]);
  });

  it("PUT replaces, PATCH adds", async () => {
    const entry = (name: string) => ({ user_name: name, permission_level: "CAN_MANAGE" });
    await bench.call("PUT", "/api/2.0/permissions/jobs/5", { access_control_list: [entry("a")] });
    const { body } = await bench.call("PATCH", "/api/2.0/permissions/jobs/5", { access_control_list: [entry("b")] });

    expect(body.access_control_list.map((item) => item.user_name)).toEqual(["a", "b"]);
  });
});
