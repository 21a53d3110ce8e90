import { statSync } from "node:fs";
import { ApiError } from "./api-error";
import { Reply, type ApiRequest } from "./router";

/** First byte and number of bytes that a single `Range` asks for; undefined for none, "outside" when it is beyond the end. */
function readRange(
  header: string | undefined,
  size: number,
): { start: number; length: number } | "outside" | undefined {
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  // A form such as `-500` asks for the last bytes.
  const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  // A range that ends before it begins is not valid, and ignored like a list of ranges.
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  return start >= size || end < start ? "outside" : { start, length: end - start + 1 };
}

/** Sends a file, or the part of it that `Range` asks for. Throws 412 when it changed after `If-Unmodified-Since`, 416 beyond its end. */
export function fileReply({ stream: { headers } }: ApiRequest, file: string): Reply {
  const { size, mtimeMs } = statSync(file);
  const modified = Math.floor(mtimeMs / 1000) * 1000;
  const common = {
    "content-type": "application/octet-stream",
    "last-modified": new Date(modified).toUTCString(),
    "accept-ranges": "bytes",
  };
  const unmodifiedSince = Date.parse(headers["if-unmodified-since"] ?? "");
  if (modified > unmodifiedSince) throw new ApiError(412, "FAILED_PRECONDITION", "The file was modified meanwhile.");
  const ifRange = headers["if-range"];
  const applies = typeof ifRange !== "string" || Date.parse(ifRange) === modified;
  const range = applies ? readRange(headers.range, size) : undefined;
  if (range === "outside") {
    const message = `The range ${headers.range} lies outside the ${size} bytes of the file.`;
    throw new ApiError(416, "OUT_OF_RANGE", message, { "content-range": `bytes */${size}` });
  }
  if (!range) return new Reply(200, { file, start: 0, length: size }, common);
  const last = range.start + range.length - 1;
  return new Reply(206, { file, ...range }, { ...common, "content-range": `bytes ${range.start}-${last}/${size}` });
}
