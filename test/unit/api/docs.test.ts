import { HttpRequest, InvocationContext } from "@azure/functions";
import { httpHandler, type HttpDoorSettings } from "../../../src/api/http/door";
import type { ApiPorts } from "../../../src/api/ports";
import { PROBLEM_TYPES } from "../../../src/api/problem-types";
import { OPERATIONS } from "../../../src/api/registry/operations";
import { operationOf } from "../../support/api-calls";

describe("the page of the API", () => {
  it("shows every operation and every problem, with what a person may do, and may load nothing", async () => {
    const handler = httpHandler(
      operationOf("docs"),
      { version: "1.2.3" } as ApiPorts,
      { auth: "keys" } as HttpDoorSettings,
    );
    const request = new HttpRequest({ method: "GET", url: "https://app.example/api/docs?code=host-key" });

    const { body, headers, status } = (await handler(request, new InvocationContext())) as {
      body: string;
      headers: Record<string, string>;
      status: number;
    };

    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    for (const { http, summary } of OPERATIONS) {
      expect(body).toContain(`/${http.path}</code>`);
      expect(body).toContain(summary.replaceAll('"', "&quot;"));
    }
    for (const code of Object.keys(PROBLEM_TYPES)) expect(body).toContain(`<code>${code}</code>`);
    expect(body).not.toMatch(/<script|host-key|<link|src=/);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-/);
  });
});
