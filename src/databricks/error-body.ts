import { STATUS_CODES } from "node:http";
import { boundedText } from "../logging/redact";
import { parseJson } from "./int64-json";

/** What an error answer says, whichever of the known shapes it has. */
export interface ErrorBody {
  readonly errorCode: string;
  readonly message: string;
}

const MESSAGE_LENGTH = 500;

/** Reads every error shape that Databricks and the gateways before it are known to send. Never throws. */
export function parseErrorBody(status: number, text: string, secrets: readonly string[] = []): ErrorBody {
  const reason = STATUS_CODES[status] ?? `HTTP ${status}`;
  const { errorCode, message } = read(text.trim(), reason);
  return {
    errorCode: boundedText(errorCode, 100, secrets),
    message: boundedText(message, MESSAGE_LENGTH, secrets) || reason,
  };
}

function read(text: string, reason: string): ErrorBody {
  if (!text) return { errorCode: asCode(reason), message: reason };
  const json = readJson(text);
  if (json) return fromJson(json, reason);
  const pre = /<pre[^>]*>([\s\S]*?)<\/pre>/i.exec(text);
  if (pre) return { errorCode: asCode(reason), message: (pre[1] ?? "").replace(/<[^>]+>/g, "") };
  if (/^<(!doctype|html)/i.test(text))
    return { errorCode: asCode(reason), message: `${reason} (an HTML page, perhaps of a proxy)` };
  const plain = /^([A-Z][A-Z0-9_]{2,}):\s*([\s\S]+)$/.exec(text);
  if (plain) return { errorCode: plain[1] ?? "", message: plain[2] ?? "" };
  return { errorCode: "UNKNOWN", message: text };
}

function fromJson(json: Readonly<Record<string, unknown>>, reason: string): ErrorBody {
  const { error_code: code, scimType } = json;
  const message = [json["message"], json["error_description"], json["detail"], json["error"]].find(isFilledString);
  if (isFilledString(code) || typeof code === "number") return { errorCode: String(code), message: message ?? reason };
  // SCIM repeats the status as a string; only scimType is a code of its own.
  if (isFilledString(scimType)) return { errorCode: scimType, message: message ?? reason };
  return { errorCode: asCode(reason), message: message ?? reason };
}

function readJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isFilledString(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function asCode(reason: string): string {
  return reason.toUpperCase().replace(/[^A-Z0-9]+/g, "_");
}
