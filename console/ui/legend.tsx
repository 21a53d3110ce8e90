/** Name of the fill of a series; there are five, then they come again. */
export const seriesFill = (index: number): string => `s${(index % 5) + 1}`;

/** What the fills of a chart stand for. */
export function Legend({ entries }: { entries: readonly (readonly [fill: string, name: string])[] }) {
  return (
    <ul class="legend">
      {entries.map(([fill, name]) => (
        <li key={name}>
          <svg aria-hidden="true">
            <rect class={`f-${fill}`} width="10" height="10" rx="3" />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
