import { quarantineBlob, type SetAsideFile } from "../../src/domain/quarantine";
import type { Ledger } from "../../src/ledger/ledger";

/** Writes what the notebook of a run writes when it sets a row, or the whole, of a file aside. */
export async function writeSetAside(ledger: Ledger, runId: string, path: string, what: "rows" | "file"): Promise<void> {
  const [rule, raw] =
    what === "rows" ? ["wrong_type:value", "a,x"] : ["unknown_source", "the declaration has no meters"];
  const whole = what === "file";
  const entry = { line: whole ? 0 : 2, rule, rules: [rule], severity: "quarantine", raw, cut: false };
  const file: SetAsideFile = {
    ...{ path, etag: "0x1", source: "meters", header: whole ? null : "meter,value", total: 1, whole, entries: [entry] },
  };
  const document = { schemaVersion: 1, runId, files: [file] };
  await ledger.blobs.putJson(ledger.containers.results, quarantineBlob(runId), document);
}
