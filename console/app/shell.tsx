import type { ComponentChildren, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { app } from "../api/client";
import { now, oldestInSight, refresh } from "../api/resource";
import { Dialog, Toasts } from "../ui/deeds";
import { Empty, Skeleton } from "../ui/states";
import { timeText } from "../ui/time";
import { helpShown } from "./keyboard";
import { PAGES, type Page, type PageProps } from "./pages";
import { href, place } from "./router";
import { theme, THEMES, zone } from "./settings";

const loaded = new Map<string, FunctionComponent<PageProps>>();

/** The page that the address names; its code comes once. */
function useCode(page: Page | undefined): FunctionComponent<PageProps> | null {
  const [, setVersion] = useState(0);
  useEffect(() => {
    if (!page || loaded.has(page.path)) return;
    void page.load().then((code) => {
      loaded.set(page.path, code.default);
      setVersion((version) => version + 1);
    });
  }, [page]);
  return (page && loaded.get(page.path)) ?? null;
}

/** Frame of every page: where one can go, and what the address names. */
export function Shell() {
  const [first = "", ...rest] = place.value.path.split("/");
  const page = PAGES.find(({ path }) => path === first);
  const Code = useCode(page);
  return (
    <div class="shell">
      <a class="skip" href="#main">
        To the content
      </a>
      <Side current={first} />
      <main id="main" tabIndex={-1}>
        {page === undefined ? (
          <Empty title="There is no such page">
            <a href={href("")}>Go to the overview</a>
          </Empty>
        ) : Code === null ? (
          <Skeleton lines={8} />
        ) : (
          <Code rest={rest} />
        )}
      </main>
      <Toasts />
      {helpShown.value && <Keys />}
    </div>
  );
}

function Side({ current }: { current: string }) {
  return (
    <header class="side">
      <a class="brand" href={href("")}>
        batch<span>keeper</span>
      </a>
      <nav aria-label="Pages">
        {PAGES.map(({ path, name, key }) => (
          <a key={path} href={href(path)} title={`g ${key}`} aria-current={path === current ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="foot">
        <span>
          {app.deployment} · {app.version}
        </span>
        <span class="choices">
          <button class="quiet" onClick={() => (zone.value = zone.value === "UTC" ? "local" : "UTC")}>
            {zone.value === "UTC" ? "times in UTC" : "local times"}
          </button>
          <button
            class="quiet"
            onClick={() => (theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % 3] ?? "system")}
          >
            {theme.value} theme
          </button>
          <button class="quiet" onClick={() => (helpShown.value = true)}>
            keys
          </button>
        </span>
      </div>
    </header>
  );
}

function Keys() {
  return (
    <Dialog title="Keys" close={() => (helpShown.value = false)}>
      <table>
        <tbody>
          {[
            ["/", "search"],
            ...PAGES.map(({ key, name }) => [`g ${key}`, name]),
            ["?", "this list"],
            ["Esc", "leave a dialog"],
          ].map(([keys, what]) => (
            <tr key={keys}>
              <td>
                <kbd>{keys}</kbd>
              </td>
              <td>{what}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  );
}

/** Head of a page: what it is about, how fresh it is, what can be done. */
export function Top({
  title,
  state,
  children,
}: {
  title: string;
  state?: ComponentChildren;
  children?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${title} · Batchkeeper`;
  }, [title]);
  return (
    <header class="top">
      <h1>{title}</h1>
      {state}
      <span class="space" />
      <AsOf />
      <div class="actions">{children}</div>
    </header>
  );
}

/** Older than this the data may no longer be so. */
const STALE_MS = 90_000;

function AsOf() {
  const at = oldestInSight();
  if (at === undefined || now.value < 0) return null;
  return (
    <button
      class={now.value - at > STALE_MS ? "quiet asof stale" : "quiet asof"}
      title="Look again now"
      onClick={() => void refresh()}
    >
      as of {timeText(at, "clock")}
    </button>
  );
}
