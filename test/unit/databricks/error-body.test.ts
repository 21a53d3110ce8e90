import { parseErrorBody } from "../../../src/databricks/error-body";

describe("parseErrorBody", () => {
  it.each([
    [
      "error_code and message",
      400,
      '{"error_code":"INVALID_PARAMETER_VALUE","message":"Run 7 does not exist."}',
      "INVALID_PARAMETER_VALUE",
      "Run 7 does not exist.",
    ],
    ["an integer code", 400, '{"error_code":1000,"message":"bad"}', "1000", "bad"],
    ["only error", 403, '{"error":"no access"}', "FORBIDDEN", "no access"],
    ["OAuth", 401, '{"error":"invalid_client","error_description":"wrong secret"}', "UNAUTHORIZED", "wrong secret"],
    ["SCIM", 404, '{"detail":"no user","status":"404","scimType":"noTarget"}', "noTarget", "no user"],
    ["plain CODE: message", 400, "MALFORMED_REQUEST: not a number", "MALFORMED_REQUEST", "not a number"],
    [
      "HTML with pre",
      502,
      "<html><body><pre>Error: <b>upstream</b> away</pre></body></html>",
      "BAD_GATEWAY",
      "Error: upstream away",
    ],
    [
      "HTML",
      503,
      "<!DOCTYPE html><html><body>sorry</body></html>",
      "SERVICE_UNAVAILABLE",
      "Service Unavailable (an HTML page, perhaps of a proxy)",
    ],
    ["nothing", 504, "  ", "GATEWAY_TIMEOUT", "Gateway Timeout"],
    ["other text", 500, "upstream connect error", "UNKNOWN", "upstream connect error"],
    ["a JSON array", 500, "[1]", "UNKNOWN", "[1]"],
    ["an unknown status", 599, "", "HTTP_599", "HTTP 599"],
  ])("reads %s", (_name, status, body, errorCode, message) => {
    expect(parseErrorBody(status, body)).toEqual({ errorCode, message });
  });

  it("bounds the message and takes colour codes and secrets out", () => {
    const body = JSON.stringify({ error_code: "X", message: `\u001b[0;31mtoken canary-7 ${"y".repeat(5000)}` });

    const { message } = parseErrorBody(400, body, ["canary-7"]);

    expect(message).toMatch(/^token \[redacted\] y+…$/);
    expect(message.length).toBe(500);
  });
});
