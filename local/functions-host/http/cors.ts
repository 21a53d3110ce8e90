import { log } from "../log";
import type { LocalHostSettings } from "../settings";
import type { Exchange } from "./exchange";

/** Cross-origin rules: `Host.CORS` and `Host.CORSCredentials` of local.settings.json. */
export class Cors {
  private readonly origins: ReadonlySet<string>;
  private readonly credentials: boolean;

  constructor({ CORS, CORSCredentials }: LocalHostSettings) {
    this.origins = new Set(
      (CORS ?? "")
        .split(",")
        .map(normal)
        .filter((origin) => origin !== ""),
    );
    this.credentials = String(CORSCredentials ?? "").toLowerCase() === "true" && !this.origins.has("*");
    if (String(CORSCredentials ?? "").toLowerCase() === "true" && this.origins.has("*"))
      log("warning", '"Host.CORSCredentials" has no effect: no browser takes credentials with "Host.CORS" *');
  }

  /** Sets the headers that allow the request's origin. Returns true when it was a preflight request, which is answered then. */
  handle({ req, res, method }: Exchange): boolean {
    const { origin } = req.headers;
    if (origin === undefined || this.origins.size === 0) return false;
    const any = this.origins.has("*");
    const preflight = method === "OPTIONS" && req.headers["access-control-request-method"] !== undefined;
    if (!any) res.setHeader("Vary", "Origin");
    if (any || this.origins.has(normal(origin))) {
      res.setHeader("Access-Control-Allow-Origin", any ? "*" : origin);
      if (this.credentials) res.setHeader("Access-Control-Allow-Credentials", "true");
      if (preflight)
        this.allow(req.headers["access-control-request-method"], req.headers["access-control-request-headers"], res);
    }
    if (preflight) res.writeHead(204).end();
    return preflight;
  }

  private allow(method: string | undefined, headers: string | undefined, res: Exchange["res"]): void {
    if (method !== undefined) res.setHeader("Access-Control-Allow-Methods", method);
    if (headers !== undefined) res.setHeader("Access-Control-Allow-Headers", headers);
  }
}

function normal(origin: string): string {
  return origin.trim().replace(/\/$/, "").toLowerCase();
}
