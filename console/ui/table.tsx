import type { ComponentChildren } from "preact";

interface Props {
  readonly label: string;
  /** Heads in order; figures stand at the right, a column of buttons has none, a narrow window leaves out what is for a wide one. */
  readonly heads: readonly (string | { readonly figure: string } | { readonly wide: string })[];
  readonly children: ComponentChildren;
}

/** A table of rows, which in a narrow window scrolls by itself. */
export function Table({ label, heads, children }: Props) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {heads.map((head) =>
              head === "" ? (
                <td key={head} />
              ) : typeof head === "string" ? (
                <th key={head}>{head}</th>
              ) : "wide" in head ? (
                <th key={head.wide} class="hide-narrow">
                  {head.wide}
                </th>
              ) : (
                <th key={head.figure} class="num">
                  {head.figure}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
