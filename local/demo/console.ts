import { styleText } from "node:util";

const colour = (style: Parameters<typeof styleText>[0], text: string): string =>
  process.stdout.isTTY ? styleText(style, text) : text;
let overwritable = false;

/** One line of the demo's story; replaces a progress line before it. */
export function line(text = ""): void {
  if (overwritable) process.stdout.write("\r\u001b[2K");
  overwritable = false;
  process.stdout.write(`${text}\n`);
}

export const heading = (text: string): void => line(`\n${colour("bold", text)}`);
/** What a user would type to do the same against Azure. */
export const command = (text: string): void => line(`  ${colour("cyan", `$ ${text}`)}`);
export const good = (text: string): void => line(`  ${colour("green", "✓")} ${text}`);
export const note = (text: string): void => line(`  ${colour("yellow", "·")} ${text}`);
export const bad = (text: string): void => line(`  ${colour("red", "✗")} ${text}`);

/** A line that the next one replaces; silent where there is no terminal. */
export function progress(text: string): void {
  if (!process.stdout.isTTY) return;
  process.stdout.write(`\r\u001b[2K  ${text}`);
  overwritable = true;
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const right = header.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
  for (const [index, row] of cells.entries()) {
    const text = row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ");
    line(`  ${index === 0 ? colour("bold", text.trimEnd()) : text.trimEnd()}`);
  }
}

export const formatSeconds = (ms: number): string =>
  ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
export const formatCount = (count: number): string => count.toLocaleString("en-US");
