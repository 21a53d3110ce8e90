import { SECRETS } from "../databricks/databricks-port";
import { textOf } from "../world/ledger-view";
import type { People } from "../world/people";
import { HOOK_SECRET } from "../world/settings";
import type { World } from "../world/world";

/** I10: no token, key or personal data in logs, answers, messages or run records. */
export function checkSecrets({ kernel, lines, receiver, blobs, watch }: World, people: People): void {
  const secrets = [SECRETS.token, SECRETS.clientSecret, HOOK_SECRET, "webhook-password-0123", "Ada-Lovelace"];
  const tokens = [...watch.view.generations.values()].map((row) => textOf(row, "idempotencyToken"));
  const records = [...blobs.all("results")].map(([, { body }]) => body);
  const places: readonly [string, string][] = [
    ["a log line", lines.join("\n")],
    ["a run record", records.join("\n")],
    ["a message", JSON.stringify(receiver.messages)],
    ["an HTTP answer", people.answers.map(({ body }) => body).join("\n")],
  ];
  for (const [place, text] of places)
    for (const secret of [...secrets, ...tokens])
      if (text.includes(secret))
        kernel.violate("I10", `secret-in-${place.replaceAll(" ", "-")}`, `${place} holds ${secret.slice(0, 6)}…`);
}
