import { HttpRequest, InvocationContext, type HttpResponseInit } from "@azure/functions";
import { refuseOtherRequests } from "../../../src/api/http/other-requests";
import { OPERATIONS } from "../../../src/api/registry/operations";

/** What no operation takes. */

const send = async (method: string, path: string) => {
  const request = new HttpRequest({ method, url: `https://app.example/api/${path}` });
  const answer = (await refuseOtherRequests(OPERATIONS)(request, new InvocationContext())) as HttpResponseInit;
  const { type, remedy } = JSON.parse(answer.body as string) as { type: string; remedy: string };
  return { status: answer.status, allow: (answer.headers as Record<string, string>)["allow"], type, remedy };
};

it.each([
  ["DELETE", "v1/runs/some-run", "GET"],
  ["PUT", "v1/pipelines/scoring/backfills", "GET, POST"],
  ["POST", "openapi.json/", "GET"],
])("%s %s is refused with the methods that there are: %s", async (method, path, allow) => {
  expect(await send(method, path)).toMatchObject({ status: 405, allow, remedy: expect.stringContaining("Allow") });
});

it.each(["", "v1", "v1/runs/a/b/c", "v1/openapiXjson"])(
  "of a path without an operation, /api/%s, it says so",
  async (path) => {
    const answer = await send("GET", path);

    expect(answer).toMatchObject({ status: 404, type: "urn:batchkeeper:problem:unknown-path" });
    expect(answer.allow).toBeUndefined();
  },
);
