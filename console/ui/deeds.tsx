import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { act, ApiProblem, may, type Input } from "../api/client";
import { refresh } from "../api/resource";
import { formText } from "./form-text";

interface Said {
  readonly id: number;
  readonly text: string;
  readonly failed: boolean;
}
const said = signal<readonly Said[]>([]);
let lastId = 0;

function say(text: string, failed: boolean): void {
  const id = (lastId += 1);
  said.value = [...said.value, { id, text, failed }].slice(-3);
  setTimeout(() => (said.value = said.value.filter((one) => one.id !== id)), failed ? 12_000 : 5000);
}

/** What deeds led to, told to eyes and screen readers. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {said.value.map(({ id, text, failed }) => (
        <div key={id} class={failed ? "toast failed" : "toast"}>
          {failed ? "▲ " : "✓ "}
          {text}
        </div>
      ))}
    </div>
  );
}

/** Does it, tells what came of it, and looks at everything anew. */
export async function doIt<T>(
  operation: string,
  input: Input,
  done: string | ((answer: T) => string),
): Promise<T | null> {
  try {
    const answer = await act<T>(operation, input);
    say(typeof done === "string" ? done : done(answer), false);
    await refresh();
    return answer;
  } catch (error) {
    const problem = error instanceof ApiProblem ? error : null;
    const isRefused = problem?.status === 403;
    say(
      isRefused
        ? `Your role may not do this. ${problem.message}`
        : [`${problem?.title ?? "Failed"}: ${String((error as Error).message)}`, problem?.remedy]
            .filter(Boolean)
            .join(" "),
      true,
    );
    return null;
  }
}

export interface DeedProps {
  readonly operation: string;
  readonly input: Input;
  /** On the button, a verb. */
  readonly label: string;
  /** What it will do, before it is done; without it the button does it at once. */
  readonly ask?: { readonly title: string; readonly text: ComponentChildren; readonly danger?: boolean };
  /** What is told when it is done; a function makes it of the answer. */
  readonly done: string | ((answer: never) => string);
  readonly primary?: boolean;
  /** True when the operation wants to know why, `optional` when it takes it; the words go into its body. */
  readonly why?: boolean | "optional";
}

/** A button for one operation. It is not there when this version of the app has no such operation, or the person may not use it. */
export function Deed({ operation, input, label, ask, done, primary = false, why = false }: DeedProps) {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  if (!may(operation)) return null;
  const run = async (reason?: string) => {
    setBusy(true);
    const body = !reason ? input.body : { ...(input.body as object | undefined), reason };
    await doIt<never>(operation, { ...input, ...(body === undefined ? {} : { body }) }, done);
    setBusy(false);
    setOpen(false);
  };
  return (
    <>
      <button
        class={primary ? "btn primary" : "btn"}
        disabled={busy}
        onClick={() => (ask ? setOpen(true) : void run())}
      >
        {ask ? `${label}…` : label}
      </button>
      {open && ask && (
        <Dialog title={ask.title} close={() => setOpen(false)}>
          <p>{ask.text}</p>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              void run(why ? reasonOf(event) : undefined);
            }}
          >
            {why && (
              <label class="field">
                Why
                <input
                  name="reason"
                  required={why === true}
                  maxLength={500}
                  placeholder="kept with your name and the time"
                  autofocus
                />
              </label>
            )}
            <div class="actions">
              <button type="button" class="btn" onClick={() => setOpen(false)}>
                Leave it
              </button>
              <button class={`btn ${ask.danger ? "danger" : "primary"}`} disabled={busy}>
                {label}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}

export const reasonOf = (event: SubmitEvent): string => formText(event, "reason");

/** A dialog over the page; Escape leaves it, and the focus goes back to where it was. */
export function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => (before as HTMLElement | null)?.focus();
  }, []);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}
