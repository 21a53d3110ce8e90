import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal: makes table keys of paths, ETags and aliases, which may hold characters that keys must not. */
export function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/**
 * The idempotency token of one Databricks run: 64 characters, never the same for two deployments, runs, steps or generations (I3).
 * The parts are length-prefixed, so that no two lists of parts run together to the same text.
 */
export function idempotencyToken(deploymentId: string, runId: string, step: string, generation: number): string {
  return sha256([deploymentId, runId, step, String(generation)].map((part) => `${part.length}:${part}`).join(""));
}
