import { requireKnownPipeline, type ApiDeps } from "../api/deps";
import { json, pathParameter, registerHttp, type ApiHandler } from "../api/http-function";
import { readBody } from "../api/read-request";
import { routeDropsBody } from "../api/schemas";

type RouteDeps = Pick<ApiDeps, "runs" | "starterFor">;

/** Routes drops that nobody takes any more, since their pipeline was renamed or removed. */
export function createRouteDropsHandler({ runs, starterFor }: RouteDeps): ApiHandler {
  return async (request, context) => {
    const from = await requireKnownPipeline(runs, pathParameter(request, "pipeline"));
    const { to } = await readBody(request, routeDropsBody);
    return json(200, { ...(await runs.routeDrops(from, to, starterFor(context))) });
  };
}

/** Registers `POST pipelines/{pipeline}/drops/route`. */
export function registerRouteDrops(deps: RouteDeps): void {
  registerHttp("routeDrops", createRouteDropsHandler(deps), "durable");
}
