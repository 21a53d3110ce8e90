import type { InvocationContext } from "@azure/functions";
import * as df from "durable-functions";
import { isLive, type OrchestrationStarter } from "../domain/orchestration-starter";
import { sha256 } from "../domain/tokens";

/** The client tells an absent instance only by its text. An id may hold any digits, so a bare "404" is not enough. */
function isUnknownInstance(error: unknown): boolean {
  return error instanceof Error && /replied with HTTP 404 response|^No instance with ID /.test(error.message);
}

/**
 * Builds the durable client of an invocation, reduced to what the app may do with it. Instance ids carry the deployment, so that
 * two apps that share a task hub by mistake do not take each other's instances for their own. An instance id has at most 100
 * characters, hence the short digest.
 */
export function durableStarterOf(deploymentId: string): (context: InvocationContext) => OrchestrationStarter {
  const prefix = `${sha256(deploymentId).slice(0, 8)}:`;
  return (context) => withPrefix(prefix, durableStarter(context));
}

function withPrefix(prefix: string, starter: OrchestrationStarter): OrchestrationStarter {
  return {
    start: async (orchestrator, instanceId, input) => starter.start(orchestrator, prefix + instanceId, input),
    raise: async (instanceId, eventName) => starter.raise(prefix + instanceId, eventName),
    status: async (instanceId) => starter.status(prefix + instanceId),
    purge: async (instanceId) => starter.purge(prefix + instanceId),
  };
}

function durableStarter(context: InvocationContext): OrchestrationStarter {
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
    async purge(instanceId) {
      const found = await status(instanceId);
      if (found === null || isLive(found)) return;
      await client.purgeInstanceHistory(instanceId);
    },
    async raise(instanceId, eventName) {
      try {
        await client.raiseEvent(instanceId, eventName, {});
      } catch (error) {
        if (!isUnknownInstance(error)) throw error;
      }
    },
  };
}
