import type { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { isLive, type OrchestrationStarter } from "../domain/orchestration-starter";

/** The client tells an absent instance only by its text. An id may hold any digits, so a bare "404" is not enough. */
function isUnknownInstance(error: unknown): boolean {
  return error instanceof Error && /replied with HTTP 404 response|^No instance with ID /.test(error.message);
}

/** The durable client of an invocation, reduced to what the app may do with it. */
export function durableStarter(context: InvocationContext): OrchestrationStarter {
  const client = df.getClient(context);
  const status = async (instanceId: string): Promise<string | null> => {
    try {
      return (await client.getStatus(instanceId)).runtimeStatus;
    } catch (error) {
      if (isUnknownInstance(error)) return null;
      throw error;
    }
  };
  return {
    status,
    async start(orchestrator, instanceId, input) {
      // startNew silently replaces a finished instance; a live one must not even be tried, since it can be won twice.
      if (isLive(await status(instanceId))) return;
      try {
        await client.startNew(orchestrator, { instanceId, input });
      } catch (error) {
        if (!isLive(await status(instanceId))) throw error;
      }
    },
    async raise(instanceId, eventName) {
      try {
        await client.raiseEvent(instanceId, eventName, {});
      } catch (error) {
        if (!isUnknownInstance(error)) throw error;
      }
    },
    async terminate(instanceId, reason) {
      try {
        await client.terminate(instanceId, reason);
      } catch (error) {
        if (!isUnknownInstance(error)) throw error;
      }
    },
  };
}
