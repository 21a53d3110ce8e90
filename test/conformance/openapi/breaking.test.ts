/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return -- a document of JSON is changed at any depth */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../../local/paths";
import { buildOpenApi } from "../../../src/api/registry/openapi";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { breakingChanges, type OpenApi } from "../../support/openapi-changes";

const kept = JSON.parse(readFileSync(join(REPO_ROOT, "docs", "openapi.json"), "utf8")) as OpenApi;
const now = JSON.parse(JSON.stringify(buildOpenApi(OPERATIONS, "x", "/api"))) as OpenApi;

/** The kept document after a change. */
function changed(change: (document: any) => void): OpenApi {
  const copy = JSON.parse(JSON.stringify(kept)) as OpenApi;
  change(copy);
  return copy;
}

describe("the API against docs/openapi.json", () => {
  it("breaks no client: what is gone or asked for anew needs a new version of the path", () => {
    expect(breakingChanges(kept, now)).toEqual([]);
  });

  it("lets new operations, fields and choices in", () => {
    const more = changed(({ paths, components }) => {
      paths["/v1/new"] = paths["/v1/runs"];
      components.schemas.Run.properties.more = { type: "string" };
      components.schemas.StartRun.properties.more = { type: "string" };
    });

    expect(breakingChanges(kept, more)).toEqual([]);
  });

  it.each<[string, Parameters<typeof changed>[0], string]>([
    ["an operation that is gone", ({ paths }) => delete paths["/v1/runs"].get, "GET /v1/runs is gone"],
    [
      "a parameter that is gone",
      ({ paths }) => paths["/v1/runs"].get.parameters.shift(),
      "GET /v1/runs: parameter pipeline is gone",
    ],
    [
      "a parameter that is required",
      ({ paths }) => (paths["/v1/runs"].get.parameters[0].required = true),
      "GET /v1/runs: parameter pipeline is required now",
    ],
    [
      "a choice that is gone",
      ({ paths }) => paths["/v1/runs"].get.parameters[1].schema.enum.shift(),
      "GET /v1/runs state: no longer takes requested",
    ],
    [
      "a field of an answer that is gone",
      ({ components }) => delete components.schemas.Run.properties.batch,
      "POST /v1/pipelines/{pipeline}/runs 202.batch is gone",
    ],
    [
      "a field of an answer that may be null",
      ({ components }) =>
        (components.schemas.Run.properties.attempt = { anyOf: [{ type: "integer" }, { type: "null" }] }),
      "POST /v1/pipelines/{pipeline}/runs 202.attempt: may now be null",
    ],
    [
      "a field of a body that is required",
      ({ components }) => (components.schemas.StartRun.required = ["window"]),
      "POST /v1/pipelines/{pipeline}/runs body.window is required now",
    ],
    [
      "an answer that is not given any more",
      ({ paths }) => delete paths["/v1/runs/{runId}/cancel"].post.responses["202"],
      "POST /v1/runs/{runId}/cancel: is never answered 202 any more",
    ],
  ])("finds %s", (_name, change, line) => {
    expect(breakingChanges(kept, changed(change))).toContain(line);
  });
});
