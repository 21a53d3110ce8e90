import { entry, type MessageEntry } from "./message";

/** Checks of the health, by the first words of their name. */
export const HEALTH_CHECKS = {
  container: entry(
    "A container is there and may be read.",
    "Create the container, or change the setting that the message names; grant the app's identity Storage Blob Data Contributor.",
  ),
  "write to": entry(
    "The app may write to a container.",
    "Grant the app's identity Storage Blob Data Contributor on the account, or check DATA_STORAGE.",
  ),
  "user delegation key": entry(
    "The app may sign the copies of drops.",
    "Grant the app's identity Storage Blob Delegator on the account.",
  ),
  table: entry(
    "The ledger's tables may be read.",
    "Grant the app's identity Storage Table Data Contributor on the account, or check DATA_STORAGE.",
  ),
  "ledger owner": entry(
    "The ledger's tables are those of this deployment.",
    "Set LEDGER_TABLE_PREFIX to another prefix, or DEPLOYMENT_ID to the owner that the message names.",
  ),
  databricks: entry(
    "Databricks answers, and lets the app in.",
    "Mend the setting that the message names: DATABRICKS_HOST, or those of DATABRICKS_AUTH. Runs wait meanwhile, and lose nothing.",
  ),
  job: entry(
    "A job is there, once.",
    "Deploy the bundle, or check DATABRICKS_JOB_NAME_PREFIX and the identity's right to see the job.",
  ),
} as const satisfies Readonly<Record<string, MessageEntry>>;

/** What only a person can settle, as the overview lists it. */
export const NEEDS = {
  failed: entry(
    "A run failed, and no later one did its work.",
    "Ask `why` of the run, mend what it names, and retry it.",
  ),
  unproven: entry(
    "Nobody can prove that a Databricks run has ended; its run keeps its slot until then.",
    "Look at the run's page in the workspace. When it has ended, settle the run with what you saw as reason.",
  ),
  quarantined: entry(
    "A drop could not be taken.",
    "Mend the cause that the drop names, then requeue it; or discard it.",
  ),
  undelivered: entry(
    "A release from quarantine cannot be put as a drop; it is tried again, at most an hour after the last try.",
    "Mend what the detail names, then release it again with the same rows, which tries it at once. Where that cannot be mended, discard it, and deliver the file anew yourself.",
  ),
  orphaned: entry(
    "Drops wait for a pipeline whose definition is gone.",
    "Route them to another pipeline, or bring the definition back.",
  ),
} as const satisfies Readonly<Record<string, MessageEntry>>;

/** The remedy for a check by its name. */
export function remedyOfCheck(name: string): string {
  const known = Object.entries(HEALTH_CHECKS).find(([begin]) => name === begin || name.startsWith(`${begin} `));
  return known?.[1].remedy ?? "Mend what the message names.";
}
