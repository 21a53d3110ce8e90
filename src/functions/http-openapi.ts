import { apiRoot, json, registerHttp, type ApiHandler } from "../api/http-function";
import { buildOpenApi } from "../api/openapi";

/** Serves the OpenAPI document of this very version. */
export function createOpenApiHandler({ version }: { readonly version: string }): ApiHandler {
  return (request) => Promise.resolve(json(200, buildOpenApi(version, apiRoot(request, "openApi"))));
}

/** Registers `GET openapi.json`. */
export function registerOpenApi(deps: { readonly version: string }): void {
  registerHttp("openApi", createOpenApiHandler(deps));
}
