import type { HttpRequest } from "@azure/functions";
import { Problem } from "../problems";
import { ROLES, type Caller, type Operation, type Role } from "../registry/operation";
import { requireWebhook, type WebhookCredentials } from "./webhook-access";

/** Who tells callers apart: the host by its keys, or App Service Authentication by the roles of who signed in. */
export type ApiAuth = "keys" | "easyAuth";

/** How callers are known. */
export interface AccessSettings {
  readonly auth: ApiAuth;
  /** Absent: the webhook is switched off. */
  readonly webhook?: WebhookCredentials | undefined;
}

/** What the host asks for before it calls: with keys, administration wants the master key, everything else a function key. */
export function authLevelOf({ access }: Operation, auth: ApiAuth): "anonymous" | "function" | "admin" {
  if (auth === "easyAuth" || access === "webhook" || access === "anyone") return "anonymous";
  return access === "admin" ? "admin" : "function";
}

/**
 * The caller of an operation, with the role that it asks for.
 * @throws Problem 401 when nobody signed in, 403 when the role is not enough or the request comes from another site's page
 */
export function callerOf(operation: Operation, request: HttpRequest, { auth, webhook }: AccessSettings): Caller {
  const { access, readOnly } = operation;
  if (access === "webhook") {
    requireWebhook(request.headers.get("authorization"), webhook);
    return { name: "databricks", role: "reader" };
  }
  if (!readOnly) refuseOtherSites(request);
  if (access === "anyone") return { name: null, role: "reader" };
  // The host has asked for the key already.
  if (auth === "keys") return { name: null, role: access === "admin" ? "admin" : "operator" };
  return signedInCaller(operation, request.headers);
}

/**
 * The caller of an operation as a tool. The host has asked for the key of its MCP extension, which is as much as a function key; it is
 * not the master key, so with keys nobody administrates by tools. With sign-in the role is that of who signed in, as over HTTP.
 * @throws Problem as `callerOf`
 */
export function toolCallerOf(operation: Operation, headers: Pick<Headers, "get">, auth: ApiAuth): Caller {
  if (auth === "easyAuth") return signedInCaller(operation, headers);
  if (operation.access === "admin")
    throw new Problem("forbidden", `${operation.id} is for the role admin; a key of the MCP extension has operator.`);
  return { name: null, role: "operator" };
}

function signedInCaller({ id, access }: Operation, headers: Pick<Headers, "get">): Caller {
  const caller = signedIn(headers.get("x-ms-client-principal"));
  if (!caller) throw new Problem("not-signed-in", "No one is signed in.");
  if (caller.role === null || !includes(caller.role, access))
    throw new Problem("forbidden", `${id} is for the role ${access}; yours is ${caller.role ?? "none"}.`);
  return { name: caller.name, role: caller.role };
}

/** What the caller of a page may do; null when no one is signed in. A key lets do all that is not for administrators. */
export function roleOf(request: Pick<HttpRequest, "headers">, auth: ApiAuth): Role | null {
  return auth === "keys" ? "operator" : (signedIn(request.headers.get("x-ms-client-principal"))?.role ?? null);
}

/** Browsers say where a request comes from; a page of another site would use the visitor's sign-in. */
function refuseOtherSites(request: HttpRequest): void {
  const site = request.headers.get("sec-fetch-site");
  // Old browsers send no more than the origin of the page; what is no browser sends neither.
  if (site === null ? isOwnOrigin(request) : site === "same-origin" || site === "none") return;
  throw new Problem("cross-site", "A page of another site asked for this.");
}

function isOwnOrigin({ headers, url }: HttpRequest): boolean {
  const origin = headers.get("origin");
  if (origin === null) return true;
  const hosts = [new URL(url).host, headers.get("host"), headers.get("x-forwarded-host")];
  return URL.canParse(origin) && hosts.includes(new URL(origin).host);
}

function includes(role: Role, asked: Operation["access"]): boolean {
  const needed = ROLES.findIndex((one) => one === asked);
  return needed >= 0 && ROLES.indexOf(role) >= needed;
}

interface Principal {
  readonly claims?: readonly { readonly typ?: unknown; readonly val?: unknown }[];
  readonly name_typ?: unknown;
  readonly role_typ?: unknown;
}

/** Claims that name a person or an app, the best first. */
const NAME_CLAIMS = [
  "preferred_username",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "name",
  "azp",
  "appid",
];

/** Who the platform says has signed in. It replaces what a caller sends under that name. */
function signedIn(header: string | null): { name: string | null; role: Role | null } | null {
  const principal = header === null ? null : parsePrincipal(header);
  if (principal === null) return null;
  const claims = principal.claims ?? [];
  const valuesOf = (type: unknown): string[] => claims.filter(({ typ }) => typ === type).map(({ val }) => String(val));
  const roles = new Set([...valuesOf("roles"), ...valuesOf(principal.role_typ)].map((role) => role.toLowerCase()));
  const name = [...NAME_CLAIMS, principal.name_typ].flatMap(valuesOf)[0];
  return { name: name?.slice(0, 200) ?? null, role: ROLES.findLast((role) => roles.has(role)) ?? null };
}

function parsePrincipal(header: string): Principal | null {
  try {
    const value = JSON.parse(Buffer.from(header, "base64").toString("utf8")) as unknown;
    return typeof value === "object" && value !== null ? value : null;
  } catch {
    return null;
  }
}
