import type { DropRecord, DropState } from "../drop";
import { entry, type MessageEntry } from "./message";

interface DropReason extends MessageEntry {
  readonly state: DropState;
  /** Reasons are kept as text, those of earlier versions too: by this each is known. */
  readonly text: RegExp;
  /** How the table shows it. */
  readonly shown: string;
}

const reason = (state: DropState, shown: string, text: RegExp, meaning: string, remedy: string): DropReason => ({
  ...{ state, shown, text },
  ...entry(meaning, remedy),
});

const REQUEUE = "then requeue the drop.";

/** Why a drop is where it is. The first entry that fits stands; the last of a state takes all others. */
export const DROP_REASONS: readonly DropReason[] = [
  reason(
    "pending",
    "orphaned: …",
    /^orphaned/,
    "Its pipeline has no definition any more.",
    "Route it to the pipeline that takes it now, or bring the definition back.",
  ),
  reason("pending", "(none)", /^/, "It waits for a batch.", "Nothing to do; `why` says what it waits for."),
  reason(
    "claimed",
    "claimed by …",
    /^/,
    "A run is freezing its bytes.",
    "Nothing to do; `why` says how far the run is.",
  ),
  reason(
    "batched",
    "in the batch of …",
    /^/,
    "A run's batch holds it.",
    "Nothing to do here; the run says what became of it.",
  ),
  reason(
    "superseded",
    "the blob was overwritten …",
    /^/,
    "A newer version of the path was there before this one was frozen.",
    "Nothing to do: the newer version is a drop of its own.",
  ),
  reason(
    "vanished",
    "the blob was deleted …",
    /^/,
    "The blob was deleted before it was frozen.",
    "Deliver it again if its rows are wanted; let sources not delete what they delivered.",
  ),
  reason(
    "quarantined",
    "the path fits no pipeline's pathPattern",
    /fits no pipeline/,
    "No definition takes a file of this name.",
    "Mend pathPattern of the definition, or have the source use another name; then requeue the drop, or discard it.",
  ),
  reason(
    "quarantined",
    "… encrypted with a key of its writer …",
    /customer-provided key|CustomerSpecifiedEncryption/,
    "Only its writer can read it.",
    "Have the source write it without a key of its own: the new version is a drop of its own. Discard this one.",
  ),
  reason(
    "quarantined",
    "… in the archive tier …",
    /archive tier|BlobArchived|BlobBeingRehydrated/,
    "Nobody can read it before it is brought back.",
    `Bring it back to the hot or cool tier, ${REQUEUE}`,
  ),
  reason(
    "quarantined",
    "the copy that should have made the blob failed …",
    /^the copy that should have made/,
    "The source's own copy into the container failed and left an empty blob.",
    "Have the source copy it again: the new version is a drop of its own. Discard this one.",
  ),
  reason(
    "quarantined",
    "the blob was still … after … h",
    /^the blob was still/,
    "Its writer did not finish it within a day.",
    `Have the source finish or rewrite it, ${REQUEUE}`,
  ),
  reason(
    "quarantined",
    "… Invalid…: …",
    /^(could not be frozen: )?Invalid(BlobType|ResourceName|Uri)/,
    "The storage cannot copy a blob of this kind or name.",
    "Deliver it as a block blob under a plain name, and discard this one.",
  ),
  reason(
    "quarantined",
    "could not be frozen: …",
    /^could not be frozen/,
    "Its bytes could not be copied within freezeTimeoutSeconds.",
    `Mend what the text names (\`health\` checks the storage), ${REQUEUE}`,
  ),
  reason("quarantined", "(any other)", /^/, "Its bytes cannot be read.", `Mend what the text names, ${REQUEUE}`),
];

/** What to do about a drop; null where nothing is to be done. */
export function remedyOfDrop({
  state,
  reason: text,
  decision,
}: Pick<DropRecord, "state" | "reason" | "decision">): string | null {
  if (decision !== undefined) return null;
  const found = DROP_REASONS.find((one) => one.state === state && one.text.test(text ?? ""));
  const isAtRest = found === undefined || found.remedy.startsWith("Nothing to do");
  return isAtRest ? null : found.remedy;
}
