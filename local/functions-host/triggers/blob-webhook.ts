import { readBody, send } from "../http/exchange";
import type { Exchange } from "../http/exchange";
import type { BlobListener } from "./blob-listener";

interface BlobEvent {
  data?: { url?: unknown; eTag?: unknown; validationCode?: unknown };
}

/** The webhook to which Event Grid sends blob events: `POST /runtime/webhooks/blobs?functionName=Host.Functions.<name>`. */
export async function handleBlobWebhook(exchange: Exchange, listeners: readonly BlobListener[]): Promise<void> {
  const { req, res, url } = exchange;
  const name = (url.searchParams.get("functionName") ?? "").replace(/^Host\.Functions\./i, "").toLowerCase();
  const listener = listeners.find((item) => item.trigger.fn.name.toLowerCase() === name);
  if (!listener) return send(res, 404, { Message: `cannot find function: '${name}'` });
  let events: BlobEvent[];
  try {
    const body = JSON.parse((await readBody(req)).toString()) as BlobEvent | BlobEvent[];
    events = Array.isArray(body) ? body : [body];
  } catch {
    return send(res, 400, { Message: "the body must be a JSON array of events" });
  }
  switch (String(req.headers["aeg-event-type"] ?? "")) {
    case "SubscriptionValidation":
      return send(res, 200, { validationResponse: events[0]?.data?.validationCode });
    case "Notification":
      return notify(exchange, listener, events);
    case "Unsubscribe":
      return send(res, 202);
    default:
      return send(res, 400);
  }
}

function notify(exchange: Exchange, listener: BlobListener, events: readonly BlobEvent[]): void {
  const blobs = events.map(({ data }) =>
    typeof data?.url === "string" && typeof data.eTag === "string"
      ? { ...split(data.url, listener), etag: data.eTag }
      : undefined,
  );
  if (blobs.some((blob) => blob === undefined))
    return send(exchange.res, 400, {
      Message: "an event lacks data.url or data.eTag (only Blob Created events are supported)",
    });
  for (const blob of blobs) if (blob) listener.announce(blob.container, blob.name, blob.etag);
  send(exchange.res, 202);
}

/** Container and blob of a URL; an emulator's URLs begin with the account's name. */
function split(text: string, listener: BlobListener): { container: string; name: string } {
  const parts = new URL(text).pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const account = new URL(listener.trigger.account.blobs.url).pathname.split("/").filter((part) => part !== "");
  const rest = parts.slice(account.every((part, index) => parts[index] === part) ? account.length : 0);
  return { container: rest[0] ?? "", name: rest.slice(1).join("/") };
}
