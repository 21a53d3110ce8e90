import fc from "fast-check";
import { isFolder, unfinished, unreadable, type BlobState } from "../../../src/domain/drop";
import { frozenBlob, readableInPlace } from "../../../src/domain/frozen-name";

const head = (over: Partial<BlobState> = {}): BlobState => ({
  ...{ size: 3, lastModified: "2026-01-01T00:00:00.000Z", metadata: {}, blobType: "BlockBlob" },
  ...{ accessTier: "Hot", customerKey: false, copyStatus: null, copyMessage: null },
  ...over,
});
const RUN = "scoring-20260101t000000-00000000";

describe("frozenBlob", () => {
  it("is a name that no file system and no reader takes for more than a name, whatever the path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 300 }), fc.string(), (path, etag) => {
        const name = frozenBlob(RUN, { container: "drops", path, etag });
        expect(name).toMatch(/^scoring-20260101t000000-00000000\/files\/[0-9a-f]{24}(\.[a-z0-9]{2,7}){0,2}$/);
        expect(name).toBe(frozenBlob(RUN, { container: "drops", path, etag }));
      }),
    );
  });

  it("differs for every container, path and version", () => {
    const one = { container: "drops", path: "a/b.csv", etag: "0x1" };
    const others = [
      { ...one, container: "drop" },
      { ...one, path: "a/c.csv" },
      { ...one, etag: "0x2" },
    ];

    expect(new Set([one, ...others].map((drop) => frozenBlob(RUN, drop))).size).toBe(4);
  });

  it.each([
    ["telemetry/2015-11-15.csv.gz", ".csv.gz"],
    ["telemetry/2015-11-15.CSV", ".csv"],
    ["telemetry/lines.jsonl", ".jsonl"],
    ["telemetry/part-0.snappy.parquet", ".parquet"],
    ["telemetry/2015-11-15.csv.exe", ""],
    ["telemetry/2015-11-15", ""],
  ])("keeps of %s the extension %p", (path, extension) => {
    expect(frozenBlob(RUN, { container: "drops", path, etag: "0x1" }).split("/").at(-1)?.slice(24)).toBe(extension);
  });
});

describe("readableInPlace", () => {
  it.each(["telemetry/2015-11-15.csv.gz", "a/day=1/part-00000.csv", "x"])("takes %s", (path) => {
    expect(readableInPlace(path)).toBe(true);
  });

  it.each([
    ...["a/_b.csv", "a/.b.csv", "_a/b.csv", "a//b.csv", "a/b.csv/", "/a.csv", "a/[1].csv", "a/{b}.csv", "a/*.csv"],
    ...["a/b?.csv", "a/12:00.csv", "a\\b.csv", "a/ü.csv", "a/b c.csv", "a/b%20c.csv", "a/\u0000.csv", ""],
    ...[`a/${"x".repeat(256)}`, "a/../b.csv", "a/\ud800.csv"],
  ])("refuses %p", (path) => {
    expect(readableInPlace(path)).toBe(false);
  });
});

describe("what a blob still waits for", () => {
  it.each([
    [head(), null],
    [head({ size: 0 }), "empty"],
    [head({ copyStatus: "pending" }), "copying"],
    [head({ size: 0, copyStatus: "pending" }), "copying"],
    [head({ copyStatus: "success" }), null],
    [head({ blobType: "AppendBlob" }), "growing"],
    [head({ blobType: "PageBlob" }), null],
  ])("%j is %p", (state, expected) => {
    expect(unfinished(state)).toBe(expected);
  });
});

describe("why nobody can read a blob", () => {
  it.each([
    [head(), null],
    [head({ accessTier: null }), null],
    [head({ accessTier: "Cold" }), null],
    [head({ accessTier: "Archive" }), /archive tier/],
    [head({ customerKey: true }), /key of its writer/],
    [head({ size: 0, copyStatus: "failed", copyMessage: "403" }), /failed: 403/],
    [head({ size: 0, copyStatus: "aborted" }), /aborted/],
    [head({ size: 3, copyStatus: "failed" }), null],
  ])("%j: %p", (state, expected) => {
    const reason = unreadable(state);
    if (expected === null) expect(reason).toBeNull();
    else expect(reason).toMatch(expected);
  });
});

describe("isFolder", () => {
  it("goes by the mark or the name, and takes no file for one", () => {
    expect(isFolder("a", head({ size: 0, metadata: { hdi_isfolder: "true" } }))).toBe(true);
    expect(isFolder("a/", head({ size: 0 }))).toBe(true);
    expect(isFolder("a/", head())).toBe(false);
    expect(isFolder("a", head({ size: 0, metadata: { hdi_isfolder: "false" } }))).toBe(false);
  });
});
