import { signal } from "@preact/signals";
import { PAGES } from "./pages";
import { go, href } from "./router";

/** Whether the list of keys is shown. */
export const helpShown = signal(false);

/** After `g` so many milliseconds may pass. */
const CHORD_MS = 1500;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("input, textarea, select, dialog") !== null;
}

/** `/` searches, `g` and a letter goes to a page, `?` tells all. */
export function listenToKeys(): void {
  let chordUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
    if (event.timeStamp < chordUntil) {
      chordUntil = 0;
      const page = PAGES.find(({ key }) => key === event.key);
      if (page) go(href(page.path));
      return;
    }
    if (event.key === "g") chordUntil = event.timeStamp + CHORD_MS;
    else if (event.key === "?") helpShown.value = true;
    else if (event.key === "/") search(event);
  });
}

function search(event: KeyboardEvent): void {
  event.preventDefault();
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  if (field) field.focus();
  else go(href("drops", { search: "1" }));
}
