import { app } from "@azure/functions";
import * as df from "durable-functions";
import { httpHandler, type HttpDoorSettings } from "../api/http/door";
import { ANY_METHOD, refuseOtherRequests } from "../api/http/other-requests";
import { authLevelOf } from "../api/http/callers";
import type { ApiPorts } from "../api/ports";
import { OPERATIONS } from "../api/registry/operations";

/** Registers every operation with the host. */
export function registerHttpFunctions(ports: ApiPorts, settings: HttpDoorSettings): void {
  for (const operation of OPERATIONS) {
    app.http(operation.id, {
      methods: [operation.http.method],
      route: `api/${operation.http.path}`,
      authLevel: authLevelOf(operation, settings.auth),
      ...(operation.readOnly ? {} : { extraInputs: [df.input.durableClient()] }),
      handler: httpHandler(operation, ports, settings),
    });
  }
  app.http("anyOtherRequest", {
    methods: [...ANY_METHOD],
    route: "api/{*path}",
    authLevel: "anonymous",
    handler: refuseOtherRequests(OPERATIONS),
  });
}
