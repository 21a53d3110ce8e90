import { signal, type Signal } from "@preact/signals";

/** What a person chose for this browser. */
function stored<T extends string>(name: string, values: readonly T[]): Signal<T> {
  const key = `batchkeeper.${name}`;
  const first = values[0] as T;
  let before: string | null = null;
  try {
    before = localStorage.getItem(key);
  } catch {
    // Storage may be forbidden; the choice then holds for this page.
  }
  const chosen = signal<T>(values.find((value) => value === before) ?? first);
  chosen.subscribe((value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      // As above.
    }
  });
  return chosen;
}

export const THEMES = ["system", "light", "dark"] as const;
export const theme = stored("theme", THEMES);
export const zone = stored("zone", ["UTC", "local"] as const);

theme.subscribe((value) => {
  if (value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = value;
});
