import { app, type InvocationContext } from "@azure/functions";
import { ResourceFactoryResolver, type ModelBindingData } from "@azure/functions-extensions-base";
import * as df from "durable-functions";
import { z } from "zod";
import { COLLECTOR } from "../domain/function-names";
import { collectorInstanceId } from "../domain/ids";
import { recordBlob, type DropRecorder, type RecordedBlob } from "../ledger/drops/record-blob";
import type { OrchestrationStarter } from "../domain/orchestration-starter";
import { createLogger, type Logger } from "../logging/logger";

/** What a blob trigger needs: the ledger's recorder and the durable client. */
export interface DropReceivedDeps {
  readonly recorder: DropRecorder;
  readonly starterFor: (context: InvocationContext) => OrchestrationStarter;
  /** `EventGrid` in Azure, `LogsAndContainerScan` where no Event Grid is. */
  readonly source: "EventGrid" | "LogsAndContainerScan";
}

const referenceSchema = z.object({ ContainerName: z.string().min(1), BlobName: z.string().min(1) });

/** Reads the reference that deferred binding gives instead of the bytes. */
function readReference(data: ModelBindingData | ModelBindingData[]): unknown {
  const single = Array.isArray(data) ? data[0] : data;
  return JSON.parse(Buffer.from(single?.content ?? "").toString("utf8"));
}

/** Logs what became of an event; gives the pipeline whose collector has to be at work. */
function report(recorded: RecordedBlob, container: string, log: Logger): string | null {
  switch (recorded.kind) {
    case "none":
      log.info("blob is gone or a folder, nothing to record", { container });
      return null;
    case "unfinished":
      log.info("blob is not finished, it is looked at again", { container, pipeline: recorded.pipeline });
      return recorded.pipeline;
    case "drop": {
      const { drop, created } = recorded;
      log.info("drop recorded", { pipeline: drop.pipeline, state: drop.state, created, size: drop.size });
      return drop.state === "pending" ? drop.pipeline : null;
    }
  }
}

/** Records the drop before the invocation succeeds (I1), then makes sure that the pipeline's collector is at work. */
export function createDropReceived({ recorder, starterFor }: DropReceivedDeps) {
  return async (blob: unknown, context: InvocationContext): Promise<void> => {
    const { ContainerName: container, BlobName: path } = referenceSchema.parse(blob);
    const log = createLogger(context);
    const recorded = await recordBlob(recorder, container, path);
    const pipeline = report(recorded, container, log);
    if (pipeline !== null) await starterFor(context).start(COLLECTOR, collectorInstanceId(pipeline), { pipeline });
  };
}

/** Registers one blob trigger for a drops container. Deferred binding: the worker never loads the bytes. */
export function registerDropReceived(container: string, deps: DropReceivedDeps): void {
  const resolver = ResourceFactoryResolver.getInstance();
  if (!resolver.hasResourceFactory("AzureStorageBlobs"))
    resolver.registerResourceFactory("AzureStorageBlobs", readReference);
  app.storageBlob(`dropReceived-${container}`, {
    path: `${container}/{name}`,
    connection: "DATA_STORAGE",
    source: deps.source,
    sdkBinding: true,
    extraInputs: [df.input.durableClient()],
    handler: createDropReceived(deps),
  });
}
