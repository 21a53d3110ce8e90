import { useEffect, useRef } from "preact/hooks";
import { setQuery } from "../../app/router";

/** Asked for once typing has paused for so long. */
const PAUSE_MS = 250;

/** A field for a path or a part of it; what is typed stands in the address. */
export function Search({ text, autofocus }: { text: string | undefined; autofocus: boolean }) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (typed: string) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ find: typed.trim() || null, path: null, search: null }), PAUSE_MS);
  };
  return (
    <label class="field wide">
      Path of a file, or a part of it
      <input
        data-search
        type="search"
        maxLength={200}
        autofocus={autofocus}
        placeholder="telemetry/2015-11-15.csv.gz"
        value={text ?? ""}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </label>
  );
}
