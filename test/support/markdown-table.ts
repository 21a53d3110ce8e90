/** The rows of the table below a heading of a Markdown text, without its head; cells are trimmed and lose their backticks. */
export function tableBelow(markdown: string, heading: string): string[][] {
  const lines = markdown.split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`no heading ${JSON.stringify(heading)}`);
  const first = lines.findIndex((line, index) => index > start && line.startsWith("|"));
  const rest = lines.slice(first);
  const length = rest.findIndex((line) => !line.startsWith("|"));
  const cells = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", ""));
  return rest.slice(2, length < 0 ? undefined : length).map(cells);
}
