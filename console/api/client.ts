import type { ProblemBody } from "./types";

/** An operation of the registry, as the page was told of it: `[method, path below the API's root, role]`. */
type OperationRow = readonly [method: "GET" | "POST", path: string, access: string];

interface AppData {
  readonly base: string;
  readonly api: string;
  readonly version: string;
  readonly deployment: string;
  readonly role: string | null;
  readonly operations: Readonly<Record<string, OperationRow>>;
}

function readAppData(): AppData {
  return JSON.parse(document.getElementById("app")?.textContent ?? "") as AppData;
}

/** What the page was served with: where it lies, and which operations this version of the app has. */
export const app: AppData = readAppData();

/** A refusal or a fault, in the API's own words. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly remedy: string,
  ) {
    super(detail);
  }
}

export interface Input {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** True when this version of the app has the operation. What it has not, the console does not show. */
export const has = (operation: string): boolean => operation in app.operations;

const ROLES = ["anyone", "reader", "operator", "admin"];

/** True when the app has the operation, and the person who looks may use it. The server refuses it anyway. */
export function may(operation: string): boolean {
  const access = app.operations[operation]?.[2];
  return access !== undefined && ROLES.indexOf(access) <= ROLES.indexOf(app.role ?? "anyone");
}

const KEY = "batchkeeper.key";

/** The key of an app without sign-in. It is kept for this tab alone and travels in a header, never in an address. */
export const accessKey = {
  get: (): string | null => sessionStorage.getItem(KEY),
  set: (key: string): void => sessionStorage.setItem(KEY, key),
};

/** The address of an operation that reads. */
export function addressOf(operation: string, { path = {}, query = {} }: Input = {}): string {
  const row = app.operations[operation];
  if (!row) throw new ApiProblem(404, "Not in this version", `this version of the app has no ${operation}`, "");
  const filled = row[1].replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(path[name] ?? ""));
  const asked = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const search = new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString();
  return `${app.api}/${filled}${search ? `?${search}` : ""}`;
}

function headersOf(extra: Readonly<Record<string, string>>): Record<string, string> {
  const key = accessKey.get();
  // App Service then answers 401 to who is not signed in any more, rather than lead the call to a page.
  const asProgram = { accept: "application/json", "x-requested-with": "XMLHttpRequest" };
  return { ...asProgram, ...extra, ...(key === null ? {} : { "x-functions-key": key }) };
}

/** What a conditional request brought. */
export type Answered<T> =
  { readonly changed: false } | { readonly changed: true; readonly data: T; readonly etag: string | null };

/** Reads an address; who gives the ETag of before learns cheaply that nothing changed. @throws ApiProblem */
export async function read<T>(address: string, etag: string | null): Promise<Answered<T>> {
  const response = await send(address, { headers: headersOf(etag === null ? {} : { "if-none-match": etag }) });
  if (response.status === 304) return { changed: false };
  return { changed: true, data: (await response.json()) as T, etag: response.headers.get("etag") };
}

/** Calls an operation that changes something. @throws ApiProblem */
export async function act<T>(operation: string, input: Input = {}): Promise<T> {
  const { body = {} } = input;
  const headers = headersOf({ "content-type": "application/json", "idempotency-key": crypto.randomUUID() });
  const response = await send(addressOf(operation, input), { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  return (text === "" ? {} : JSON.parse(text)) as T;
}

async function send(address: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    // The page keeps the ETags itself: the browser's cache would hide the 304.
    response = await fetch(address, { ...init, cache: "no-store", redirect: "error" });
  } catch {
    throw new ApiProblem(
      0,
      "No answer",
      "The app did not answer.",
      "Look whether the app runs and the network is there.",
    );
  }
  // The health check answers 503 with a body of its own: it is an answer.
  if (response.ok || response.status === 304) return response;
  const body = (await response.json().catch(() => ({}))) as Partial<ProblemBody> & { checks?: unknown };
  if (body.checks !== undefined) return new Response(JSON.stringify(body));
  const { title = `Status ${response.status}`, detail = "" } = body;
  throw new ApiProblem(response.status, title, detail, body.remedy ?? "");
}
