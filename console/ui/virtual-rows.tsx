import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** A column of a list, with its width as CSS grids have it. */
export interface Column {
  readonly name: string;
  readonly width: string;
  /** True when a narrow window leaves it out. */
  readonly wide?: boolean;
}

interface Props<T> {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly cells: (item: T) => readonly ComponentChildren[];
  /** Called when the end comes into sight; absent on the last page. */
  readonly more?: (() => void) | undefined;
  readonly rowHeight?: number;
}

const AHEAD = 12;

/** A list of any length: only the rows in sight are in the document, and the next page is asked for before its end is reached. */
export function VirtualRows<T>({ label, columns, items, keyOf, cells, more, rowHeight = 44 }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ from: 0, to: 40 });
  useEffect(() => {
    const look = () => {
      const top = box.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, Math.floor(-top / rowHeight) - AHEAD);
      const to = Math.ceil((innerHeight - top) / rowHeight) + AHEAD;
      setRange((before) => (before.from === from && before.to === to ? before : { from, to }));
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, [rowHeight, items.length]);
  const nearEnd = range.to >= items.length;
  useEffect(() => {
    if (nearEnd) more?.();
  }, [nearEnd, more]);
  const template = (shown: readonly Column[]) => shown.map(({ width }) => width).join(" ");
  const grid = { "--wide": template(columns), "--narrow": template(columns.filter(({ wide }) => !wide)) };
  return (
    <div role="table" aria-label={label} aria-rowcount={more ? -1 : items.length + 1}>
      <div role="row" class="line head" style={grid} aria-rowindex={1}>
        {columns.map(({ name, wide }) => (
          <span role="columnheader" key={name} class={wide ? "hide-narrow" : undefined}>
            {name}
          </span>
        ))}
      </div>
      <div role="rowgroup" class="rows" ref={box} style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(range.from, range.to).map((item, offset) => {
          const index = range.from + offset;
          return (
            <div
              role="row"
              class="line"
              key={keyOf(item)}
              aria-rowindex={index + 2}
              style={{ ...grid, top: `${index * rowHeight}px` }}
            >
              {cells(item).map((cell, column) => (
                <span role="cell" key={column} class={columns[column]?.wide ? "hide-narrow" : undefined}>
                  {cell}
                </span>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
