import {
  createLogger,
  createOrchestratorLogger,
  invocationLogger,
  withInvocationLog,
  type LogSink,
} from "../../../src/logging/logger";
import { boundedText, redact } from "../../../src/logging/redact";

function recordingSink(): LogSink & { lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (line: unknown) => void lines.push(`${level} ${String(line)}`);
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

describe("redact", () => {
  it.each([
    ["Authorization: Bearer canary.abc-123_x==", "Authorization: Bearer [redacted]"],
    ["Basic Y2FuYXJ5OmNhbmFyeQ==", "Basic [redacted]"],
    ["token dapi0123456789abcdef0123456789abcdef-2 was used", "token [redacted] was used"],
    ["eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl", "[redacted]"],
    ["AccountName=a;AccountKey=canary==;EndpointSuffix=x", "AccountName=a;AccountKey=[redacted];EndpointSuffix=x"],
    ['{"access_token":"canary","expires_in":1}', '{"access_token":"[redacted]","expires_in":1}'],
    [
      "https://a.blob.core.windows.net/c/b?sv=1&sig=canary%3D&se=2",
      "https://a.blob.core.windows.net/c/b?sv=1&sig=[redacted]&se=2",
    ],
    ["https://app/api/runs?code=canary", "https://app/api/runs?code=[redacted]"],
    ["https://user:canary@host/x", "https://[redacted]@host/x"],
  ])("takes the secret out of %s", (text, clean) => {
    expect(redact(text)).toBe(clean);
  });

  it("leaves ordinary text as it is", () => {
    const text = "run scoring-20151116t063000-1a2b3c4d failed: basic check of 3 tokens at https://host:443/x?run=5";

    expect(redact(text)).toBe(text);
  });

  it("takes out secrets that it is told", () => {
    expect(redact("a canary here", ["canary", ""])).toBe("a [redacted] here");
  });
});

describe("boundedText", () => {
  it("cuts and marks long text, after redaction", () => {
    expect(boundedText(`Bearer canary-1234 ${"x".repeat(100)}`, 30)).toBe(`Bearer [redacted] ${"x".repeat(11)}…`);
    expect(boundedText("short", 30)).toBe("short");
  });
});

describe("loggers", () => {
  it("write a constant message with flat fields, redacted", () => {
    const sink = recordingSink();

    createLogger(sink).warn("call is repeated", { attempt: 2, reason: "Bearer canary-123456", missing: undefined });

    expect(sink.lines).toEqual(['warn call is repeated {"attempt":2,"reason":"Bearer [redacted]"}']);
  });

  it("are silent in an orchestrator while history is replayed", () => {
    const sink = recordingSink();
    const df = { isReplaying: true };
    const logger = createOrchestratorLogger({ ...sink, df });

    logger.info("first");
    df.isReplaying = false;
    logger.info("second");

    expect(sink.lines).toEqual(["info second"]);
  });

  it("of shared clients write to the invocation that is running", async () => {
    const [first, second] = [recordingSink(), recordingSink()];
    const work = (sink: LogSink, text: string) =>
      withInvocationLog(sink, async () => {
        await Promise.resolve();
        invocationLogger.error(text);
      });

    await Promise.all([work(first, "one"), work(second, "two")]);
    invocationLogger.error("nowhere");

    expect([first.lines, second.lines]).toEqual([["error one"], ["error two"]]);
  });
});
