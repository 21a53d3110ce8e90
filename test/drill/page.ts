import { toolName } from "../../src/api/mcp/tools";
import { operationOf } from "../support/api-calls";
import { commandOf, type Sent } from "./doors";
import type { Act, DrillFault, Known } from "./fault";

/** The story of the drill as a table of docs/operate.md. */

/** Stands for what the actions before showed: any part of it reads as a name in capitals. */
const SHOWN = JSON.stringify({
  ...{ value: [{ id: "ID", group: "PIPELINE", holder: "ID", path: "PATH" }], id: "ID", hash: "HASH" },
  decision: { dropPath: "PATH" },
});
const KNOWN: Known = { pipeline: "PIPELINE", path: "PATH", shown: [SHOWN, SHOWN, SHOWN] };

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`);

function line({ operation, sends }: Act): string {
  const sent: Sent = sends(KNOWN);
  return `\`${commandOf(operation, sent).map(quoted).join(" ")}\``;
}

const tools = (acts: readonly Act[]): string =>
  acts.map(({ operation }) => `\`${toolName(operationOf(operation))}\``).join(", ");

/** The rows: the fault, what is mended elsewhere, the commands, the tools. */
export function drillTable(faults: readonly DrillFault[]): string {
  const rows = faults.map(({ fault, acts, elsewhere }, index) => {
    const [find, ...mends] = acts.map(line);
    const between = elsewhere === undefined ? [] : [`*${elsewhere.what}*`];
    return `| ${index + 1} | ${fault} | ${[find, ...between, ...mends].join("<br>")} | ${tools(acts)} |`;
  });
  return ["| | what went wrong | commands: find, mend | tools |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
