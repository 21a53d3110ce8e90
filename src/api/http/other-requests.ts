import type { HttpHandler } from "@azure/functions";
import { Problem } from "../problems";
import type { Operation } from "../registry/operation";
import { problemResponse } from "./answers";

/** Every method that a function may have and the worker's requests take: not TRACE, not CONNECT. */
export const ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Methods of the operations that a path below the API's root fits. */
function methodsOf(operations: readonly Operation[], path: string): string[] {
  const fits = operations.filter(({ http }) => {
    const template = http.path.split("/").map((part) => (part.startsWith("{") ? "[^/]+" : part.replaceAll(".", "\\.")));
    return new RegExp(`^${template.join("/")}/?$`).test(path);
  });
  return [...new Set(fits.map(({ http }) => http.method))].sort();
}

/** Refuses what no operation takes, with what there is instead; the host itself would answer 404 without a word. */
export function refuseOtherRequests(operations: readonly Operation[]): HttpHandler {
  return (request, context) => {
    const { pathname } = new URL(request.url);
    const path = pathname.replace(/^\/api\/?/, "");
    const allow = methodsOf(operations, path).join(", ");
    const problem =
      allow === ""
        ? new Problem("unknown-path", "No operation has this path.")
        : new Problem("method-not-allowed", `${request.method} is not among ${allow}.`, { headers: { allow } });
    return problemResponse(problem, pathname, context.invocationId);
  };
}
