import { app } from "@azure/functions";
import * as df from "durable-functions";
import { httpHandler, type HttpDoorSettings } from "../api/http/door";
import type { ApiPorts } from "../api/ports";
import type { Operation } from "../api/registry/operation";
import { OPERATIONS } from "../api/registry/operations";

/** Registers every operation with the host. */
export function registerHttpFunctions(ports: ApiPorts, settings: HttpDoorSettings): void {
  for (const operation of OPERATIONS) {
    app.http(operation.id, {
      methods: [operation.http.method],
      route: operation.http.path,
      authLevel: authLevel(operation),
      ...(operation.readOnly ? {} : { extraInputs: [df.input.durableClient()] }),
      handler: httpHandler(operation, ports, settings),
    });
  }
}

function authLevel({ access }: Operation): "anonymous" | "function" {
  return access === "webhook" || access === "anyone" ? "anonymous" : "function";
}
