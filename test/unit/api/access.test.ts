import type { ApiPorts } from "../../../src/api/ports";
import { authLevelOf } from "../../../src/api/http/callers";
import { ROLES, type Operation, type Role } from "../../../src/api/registry/operation";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { callApi, type ApiRequest } from "../../support/api-calls";

/** Who calls, as App Service Authentication writes it. */
function principal(roles: readonly string[], more: readonly { typ: string; val: string }[] = []): string {
  const claims = [...roles.map((val) => ({ typ: "roles", val })), ...more];
  return Buffer.from(JSON.stringify({ auth_typ: "aad", claims, role_typ: "roles" })).toString("base64");
}

/** Ports that tell whether an operation got as far as using one. */
class Untouched extends Error {}
const ports = new Proxy({} as ApiPorts, {
  get: () => {
    throw new Untouched("the operation ran");
  },
});

/** A request that no schema refuses. */
function fitting({ body }: Operation): ApiRequest {
  const samples = [{}, { to: "scoring" }];
  return body === undefined ? {} : { body: samples.find((sample) => body.safeParse(sample).success) };
}

/** True when the operation was run; what it then did does not matter here. */
async function ran(operation: Operation, headers: Record<string, string>, auth: "keys" | "easyAuth") {
  const parts = [...operation.http.path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, "x"] as const);
  const request = { ...fitting(operation), params: Object.fromEntries(parts), headers };
  const { status } = await callApi(operation.id, ports, request, { auth });
  return { ran: status !== 401 && status !== 403, status };
}

const asked = (access: Operation["access"]): access is Role => ROLES.some((role) => role === access);
const guarded = OPERATIONS.filter(({ access }) => asked(access));

describe("every operation by every role", () => {
  it.each(ROLES)("a signed-in %s may do what the role includes, and nothing more", async (role) => {
    for (const operation of guarded) {
      const may = ROLES.indexOf(role) >= ROLES.indexOf(operation.access as Role);

      const outcome = await ran(operation, { "x-ms-client-principal": principal([role]) }, "easyAuth");

      expect([operation.id, outcome.ran]).toEqual([operation.id, may]);
      if (!may) expect(outcome.status).toBe(403);
    }
  });

  it.each<[string, Record<string, string>, number]>([
    ["nobody", {}, 401],
    ["someone without a role", { "x-ms-client-principal": principal([]) }, 403],
    ["someone with another app's role", { "x-ms-client-principal": principal(["Owner"]) }, 403],
    ["something that is no principal", { "x-ms-client-principal": "bm90IGpzb24=" }, 401],
    ["null", { "x-ms-client-principal": Buffer.from("null").toString("base64") }, 401],
  ])("%s may do nothing", async (_name, headers, status) => {
    for (const operation of guarded)
      expect([operation.id, (await ran(operation, headers, "easyAuth")).status]).toEqual([operation.id, status]);
  });

  it("asks the host for a function key, for the master key where it is administration, and for none with sign-in", () => {
    for (const operation of OPERATIONS) {
      const { access } = operation;
      const level = access === "admin" ? "admin" : asked(access) ? "function" : "anonymous";
      expect([operation.id, authLevelOf(operation, "keys")]).toEqual([operation.id, level]);
      expect(authLevelOf(operation, "easyAuth")).toBe("anonymous");
    }
  });

  it("believes a principal only where the platform writes it", async () => {
    const headers = { "x-ms-client-principal": principal([]) };

    for (const operation of guarded) expect((await ran(operation, headers, "keys")).ran).toBe(true);
  });

  it("lets nobody but a probe and Databricks in without a role", () => {
    const open = OPERATIONS.filter(({ access }) => !asked(access)).map(({ id, access }) => [id, access]);

    expect(open).toEqual([
      ["healthLive", "anyone"],
      ["databricksWebhook", "webhook"],
    ]);
  });
});

describe("requests from browsers", () => {
  it.each(["cross-site", "same-site"])("changes nothing for a %s page", async (site) => {
    for (const operation of guarded.filter(({ readOnly }) => !readOnly)) {
      const answer = await ran(operation, { "sec-fetch-site": site }, "keys");
      expect([operation.id, answer.status]).toEqual([operation.id, 403]);
      expect((await ran(operation, { "sec-fetch-site": "same-origin" }, "keys")).ran).toBe(true);
    }
  });

  it.each([
    ["https://other.example", 403],
    ["https://app.example:8443", 403],
    ["null", 403],
    ["https://app.example", 0],
  ])("of an old browser are known by their origin: %s", async (origin, refused) => {
    for (const operation of guarded.filter(({ readOnly }) => !readOnly)) {
      const answer = await ran(operation, { origin }, "keys");
      expect([operation.id, answer.ran, answer.status === refused]).toEqual([operation.id, !refused, refused > 0]);
    }
  });

  it("sends headers that keep answers from being framed, sniffed or run as a page", async () => {
    const found = await callApi("healthLive", {});
    const refused = await callApi("startRun", {}, { params: { pipeline: "x" }, body: "[" });

    expect([found.status, refused.status]).toEqual([200, 400]);
    for (const { headers } of [found, refused])
      expect(headers).toMatchObject({
        "content-security-policy": expect.stringContaining("default-src 'none'"),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
      });
  });
});
