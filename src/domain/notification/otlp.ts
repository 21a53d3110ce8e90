import { sha256 } from "../tokens";
import type { Span } from "./run-trace";

/** Whose spans they are. */
export interface TraceSettings {
  readonly deploymentId: string;
  readonly version: string;
}

const KINDS = { internal: 1, client: 3, consumer: 5 } as const;
const OK = 1;
const ERROR = 2;

/** The trace of a run and of all its attempts; another deployment has others. */
export const traceIdOf = (deploymentId: string, runId: string): string =>
  sha256(`trace\n${deploymentId}\n${runId}`).slice(0, 32);

const spanIdOf = (traceId: string, key: string): string => sha256(`${traceId}\n${key}`).slice(0, 16);

const nanos = (time: string): string => `${Date.parse(time)}000000`;

function attribute([key, value]: [string, string | number | boolean]): object {
  if (typeof value === "boolean") return { key, value: { boolValue: value } };
  if (typeof value === "string") return { key, value: { stringValue: value } };
  // JSON of protobuf writes 64-bit integers as text.
  return { key, value: Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value } };
}

/** The body of an OTLP export of a run's spans, in JSON. Ids are hashes: what is told twice is the same trace. */
export function otlpTraces(runId: string, spans: readonly Span[], { deploymentId, version }: TraceSettings): object {
  const traceId = traceIdOf(deploymentId, runId);
  const resource = {
    "service.name": "batchkeeper",
    "service.version": version,
    "deployment.environment.name": deploymentId,
  };
  return {
    resourceSpans: [
      {
        resource: { attributes: Object.entries(resource).map(attribute) },
        scopeSpans: [
          {
            scope: { name: "batchkeeper", version },
            spans: spans.map(({ key, parent, name, kind, start, end, attributes, fault }) => ({
              ...{ traceId, spanId: spanIdOf(traceId, key), name, kind: KINDS[kind] },
              ...(parent === null ? {} : { parentSpanId: spanIdOf(traceId, parent) }),
              ...{ startTimeUnixNano: nanos(start), endTimeUnixNano: nanos(end) },
              attributes: Object.entries(attributes).map(attribute),
              status: fault === null ? { code: OK } : { code: ERROR, message: fault },
            })),
          },
        ],
      },
    ],
  };
}
