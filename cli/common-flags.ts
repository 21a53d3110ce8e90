import type { CliContext } from "./context";
import { ApiClient } from "./client";
import { chooseProfile } from "./profiles";

/** Flags of every command that talks to a deployment. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly profile?: string;
  readonly url?: string;
}

const text = (value: string): string => value;

export const COMMON_FLAGS = {
  json: { kind: "boolean", optional: true, withNegated: false, brief: "the answer as JSON, as the API gives it" },
  profile: { kind: "parsed", parse: text, optional: true, placeholder: "name", brief: "the deployment to talk to" },
  url: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "url",
    brief: "the same by its URL; the key comes from BATCHKEEPER_KEY",
  },
} as const;

/** The client of the deployment that the flags, the environment or the current profile name. */
export function clientOf(context: CliContext, flags: CommonFlags): ApiClient {
  return new ApiClient(chooseProfile(context.env, flags), context);
}
