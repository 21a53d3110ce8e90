import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { accessKey, app, type ApiProblem } from "../api/client";
import { refresh, type Loaded } from "../api/resource";
import { formText } from "./form-text";

/** Grey lines in place of what is on its way. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <div key={index} class="skeleton" style={{ width: `${92 - ((index * 23) % 50)}%` }} />
      ))}
    </div>
  );
}

/** Nothing to show, and what that means. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** While the pages of a search come empty: the next one is asked for. */
export function Seeking({ more }: { more: () => void }) {
  useEffect(more, [more]);
  return (
    <p class="soft" role="status">
      Nothing so far; looking further …
    </p>
  );
}

/** Why nothing is shown, and what helps. */
export function ProblemNotice({ problem }: { problem: ApiProblem }) {
  if (problem.status === 401) return app.role === null ? <SignIn /> : <KeyForm />;
  const forbidden = problem.status === 403;
  return (
    <div class={forbidden ? "notice mild" : "notice"} role="alert">
      <strong>{forbidden ? "Your role may not see this" : problem.title}</strong>
      <span>{problem.message}</span>
      {problem.remedy && <span class="soft">{problem.remedy}</span>}
      {!forbidden && (
        <span>
          <button class="btn" onClick={() => void refresh()}>
            Try again
          </button>
        </span>
      )}
    </div>
  );
}

/** Where the platform's own sign-in is. */
function SignIn() {
  const back = encodeURIComponent(location.pathname + location.search);
  return (
    <div class="notice mild" role="note">
      <strong>Sign in to see this</strong>
      <span>
        <a class="btn primary" href={`/.auth/login/aad?post_login_redirect_uri=${back}`}>
          Sign in
        </a>
      </span>
    </div>
  );
}

function KeyForm() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    accessKey.set(formText(event, "key"));
    void refresh();
  };
  return (
    <form class="notice mild" onSubmit={submit}>
      <strong>The app asks for a key</strong>
      <span>
        A function key of the app, or sign in where it has a sign-in. It is kept in this tab until you close it.
      </span>
      <label class="field">
        Key
        <input name="key" type="password" autocomplete="off" required />
      </label>
      <span>
        <button class="btn primary">Use the key</button>
      </span>
    </form>
  );
}

/** The data of a resource, or its loading or failed state. What was true before stays in sight while the app does not answer. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.data === undefined) return of.problem ? <ProblemNotice problem={of.problem} /> : <Skeleton />;
  return (
    <>
      {of.problem && <ProblemNotice problem={of.problem} />}
      {children(of.data)}
    </>
  );
}
