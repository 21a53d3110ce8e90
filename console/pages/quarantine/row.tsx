import { useState } from "preact/hooks";
import type { ShownItem } from "../../api/types";

type Entry = ShownItem["entries"][number];

interface Props {
  readonly entry: Entry;
  readonly header: string | null;
  /** Absent where it cannot be mended. */
  readonly edit: ((text: string) => void) | undefined;
}

/** A line as it was delivered, the cell that broke the rule marked, with room to mend it. */
export function Row({ entry, header, edit }: Props) {
  const [text, setText] = useState<string | null>(null);
  const marked = header === null ? -1 : header.split(",").indexOf(entry.rule.split(":")[1] ?? "");
  const cells = (text ?? entry.raw).split(",");
  return (
    <li>
      <p class="small soft">
        {entry.line > 0 ? `Line ${entry.line}` : "The whole file"} · <b>{entry.rule}</b>
        {entry.rules.length > 1 && `, also ${entry.rules.slice(1).join(", ")}`}
        {entry.cut && " · longer than shown"}
      </p>
      <code class="raw">
        {cells.map((cell, index) => (
          <span key={index}>
            {index > 0 && ","}
            {index === marked ? <mark title={entry.rule}>{cell || "∅"}</mark> : cell}
          </span>
        ))}
      </code>
      {edit && !entry.cut && text === null && (
        <button class="quiet" onClick={() => setText(entry.raw)}>
          Mend line {entry.line}
        </button>
      )}
      {text !== null && (
        <label class="field">
          {header ?? "The line as it should have been"}
          <input
            class="mono"
            value={text}
            onInput={({ currentTarget: { value } }) => {
              setText(value);
              edit?.(value);
            }}
          />
        </label>
      )}
    </li>
  );
}
