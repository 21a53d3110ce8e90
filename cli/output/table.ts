import { stripVTControlCharacters } from "node:util";
import type { Output } from "../context";

const GAP = "  ";

/** Rows below headings, each column as wide as its widest cell; the last ones are cut at the edge of the terminal. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns = 120): string {
  const all = [headings.map((heading) => heading.toUpperCase()), ...rows];
  const widths = headings.map((_heading, index) => Math.max(...all.map((row) => width(row[index] ?? ""))));
  const line = (row: readonly string[]): string =>
    cut(
      row.map((cell, index) => cell + " ".repeat(Math.max(0, (widths[index] ?? 0) - width(cell)))).join(GAP),
      columns,
    );
  return all.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** Rows for other programs: no headings, cells parted by tabs. */
export function plainRows(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t")}\n`).join("");
}

/** Writes rows as the reader wants them: a table for people, plain lines in a pipe. */
export function writeRows(out: Output, headings: readonly string[], rows: readonly (readonly string[])[]): void {
  if (rows.length > 0) out.write(out.isTTY ? table(headings, rows, out.columns) : plainRows(rows));
}

const width = (text: string): number => stripVTControlCharacters(text).length;

function cut(text: string, columns: number): string {
  // A line with colours is left whole: its codes would be cut apart.
  return width(text) > columns && width(text) === text.length ? `${text.slice(0, columns - 1)}…` : text;
}
