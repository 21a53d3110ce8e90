import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseProfile } from "../../../cli/profiles";
import { cli } from "../../support/cli";

const folder = mkdtempSync(join(tmpdir(), "bk-profiles-"));
const file = join(folder, "profiles.json");
const env = { BATCHKEEPER_PROFILES: file };
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => rmSync(file, { force: true }));

const set = (name: string, url: string, key?: string) =>
  cli(["profiles", "set", name, "--url", url], { env: { ...env, ...(key ? { BATCHKEEPER_KEY: key } : {}) } });

describe("profiles", () => {
  it("name a deployment, keep its key for its owner alone and never show it", async () => {
    expect((await set("prod", "https://app.example/", "canary-key")).code).toBe(0);

    const { out } = await cli(["profiles", "list"], { env });

    expect(out).toBe("prod\thttps://app.example/api\tkept\tyes\n");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toContain("canary-key");
  });

  it("are chosen by flag, environment, last one set, this machine", async () => {
    expect(chooseProfile(env, {}).url).toBe("http://127.0.0.1:7071/api");
    await set("one", "https://one.example", "key-1");
    await set("two", "https://two.example/api");

    expect(chooseProfile(env, {})).toMatchObject({ name: "two", url: "https://two.example/api" });
    expect(chooseProfile({ ...env, BATCHKEEPER_PROFILE: "one" }, {})).toMatchObject({ name: "one", key: "key-1" });
    expect(chooseProfile(env, { profile: "one" })).toMatchObject({ url: "https://one.example/api" });
    expect(chooseProfile({ ...env, BATCHKEEPER_KEY: "key-2" }, { profile: "one" }).key).toBe("key-2");
    expect(chooseProfile({ ...env, BATCHKEEPER_URL: "https://x.example" }, {}).url).toBe("https://x.example/api");
    expect(chooseProfile(env, { profile: "local" }).url).toBe("http://127.0.0.1:7071/api");
  });

  it("do not send the key of one deployment to another URL", async () => {
    await set("one", "https://one.example", "key-1");

    expect(chooseProfile(env, { url: "https://other.example" }).key).toBeUndefined();
  });

  it("that are unknown or broken are said so", async () => {
    const unknown = await cli(["health", "--profile", "nope"], { env });
    writeFileSync(file, "{");
    const broken = await cli(["health"], { env });

    expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('no profile "nope"; known: local') });
    expect(broken).toMatchObject({ code: 2, err: expect.stringContaining(`${file} is no profile file`) });
  });
});

describe("completion", () => {
  it.each([
    [["__complete", "ru"], "runs\n"],
    [["__complete", "runs", "re"], "retry\nrerun\n"],
    [["__complete", "runs", "list", "--state", "fa"], "failed\n"],
    [["__complete", "completion", "b"], "bash\n"],
  ])("of %j", async (args, out) => {
    expect(await cli(args)).toEqual({ code: 0, out, err: "" });
  });

  it("comes as a script for the shell", async () => {
    expect((await cli(["completion", "bash"])).out).toContain("complete -o default -F _batchkeeper batchkeeper");
    expect((await cli(["completion", "fish"])).code).toBe(2);
  });
});
