import type { BlobPort, ListedBlob } from "../../src/ledger/ports";

/** A new storage with one container, and the way of a source system to put bytes into it. */
export interface BlobWorld {
  readonly blobs: BlobPort;
  /** Exists and is empty. */
  readonly container: string;
  /** A container that nothing was written to yet. */
  readonly target: string;
  /** Writes or overwrites a blob; returns its ETag without quotes. */
  readonly put: (path: string, text: string, metadata?: Readonly<Record<string, string>>) => Promise<string>;
}

const METADATA = { sourceetag: "one" };

/** What every implementation of the blob port does; `open` gives a new world at each call. */
export function blobPortContract(name: string, open: () => Promise<BlobWorld>): void {
  const listed = async ({ blobs, container }: BlobWorld, prefix?: string): Promise<ListedBlob[]> => {
    const found: ListedBlob[] = [];
    for await (const page of blobs.list(container, prefix === undefined ? {} : { prefix })) found.push(...page.blobs);
    return found;
  };

  describe(`${name}: a blob`, () => {
    it("has a head that changes with its bytes", async () => {
      const { blobs, container, put } = await open();
      const etag = await put("a/one.csv", "one", { owner: "x" });

      const head = await blobs.head(container, "a/one.csv");

      expect(head).toMatchObject({
        etag,
        size: 3,
        metadata: { owner: "x" },
        blobType: "BlockBlob",
        customerKey: false,
      });
      expect(head).toMatchObject({ copyStatus: null, copyId: null });
      expect(Date.parse(head?.lastModified ?? "")).not.toBeNaN();
      expect(await put("a/one.csv", "two!")).not.toBe(etag);
      expect(await blobs.head(container, "a/one.csv")).toMatchObject({ size: 4, metadata: {} });
      expect(await blobs.readText(container, "a/one.csv")).toBe("two!");
    });

    it("that is absent, or in an absent container, is null", async () => {
      const { blobs, container, target } = await open();

      expect(await blobs.head(container, "none")).toBeNull();
      expect(await blobs.readText(container, "none")).toBeNull();
      expect(await blobs.head(target, "none")).toBeNull();
      expect(await blobs.readText(target, "none")).toBeNull();
    });

    it("of bytes is created once, with its metadata", async () => {
      const { blobs, target } = await open();
      const create = async (text: string) => blobs.createBytes(target, "a/x.csv", Buffer.from(text), { by: "person" });

      expect([await create("one"), await create("two!")]).toEqual([true, false]);

      expect(await blobs.readText(target, "a/x.csv")).toBe("one");
      expect(await blobs.head(target, "a/x.csv")).toMatchObject({ size: 3, metadata: { by: "person" } });
    });

    it("of JSON is created once, by one of many, and replaced by put", async () => {
      const { blobs, target } = await open();

      const answers = await Promise.all([1, 2, 3].map(async (by) => blobs.createJson(target, "x.json", { by })));

      expect(answers.filter((won) => won)).toHaveLength(1);
      expect(JSON.parse((await blobs.readText(target, "x.json")) ?? "")).toEqual({ by: answers.indexOf(true) + 1 });
      await blobs.putJson(target, "x.json", { by: 9 });
      expect(await blobs.readText(target, "x.json")).toBe('{"by":9}');
    });

    it("is removed, on condition when asked; an absent one is none", async () => {
      const { blobs, container, put } = await open();
      const etag = await put("a", "one");
      const newer = await put("a", "two");

      expect(await blobs.remove(container, "a", etag)).toBe(false);
      expect(await blobs.readText(container, "a")).toBe("two");
      expect(await blobs.remove(container, "a", newer)).toBe(true);
      expect(await blobs.remove(container, "a")).toBe(false);
    });
  });

  describe(`${name}: a listing`, () => {
    it("gives the heads of all blobs by path, or of those with a prefix", async () => {
      const world = await open();
      for (const path of ["b/2.csv", "a.csv", "b/1.csv", "b[1]?.csv", "c//d.csv"]) await world.put(path, path);
      const etag = await world.put("b/3.csv", "three", { hdi_isfolder: "true" });

      expect((await listed(world)).map(({ path }) => path)).toEqual([
        ...["a.csv", "b/1.csv", "b/2.csv", "b/3.csv", "b[1]?.csv", "c//d.csv"],
      ]);
      const under = await listed(world, "b/");
      expect(under.map(({ path }) => path)).toEqual(["b/1.csv", "b/2.csv", "b/3.csv"]);
      expect(under[2]).toMatchObject({ etag, size: 5, metadata: { hdi_isfolder: "true" }, blobType: "BlockBlob" });
    });

    it("goes on where a page ended, also in another process", async () => {
      const world = await open();
      for (const path of ["a", "b", "c", "d", "e"]) await world.put(path, path);
      const pages: string[][] = [];
      let from: string | null | undefined;
      while (from !== null) {
        for await (const page of world.blobs.list(world.container, { pageSize: 2, ...(from ? { from } : {}) })) {
          pages.push(page.blobs.map(({ path }) => path));
          from = page.next;
          break;
        }
      }

      expect(pages).toEqual([["a", "b"], ["c", "d"], ["e"]]);
    });

    it("of a container that is not there is empty", async () => {
      const { blobs, target } = await open();

      for await (const page of blobs.list(target)) expect(page.blobs).toEqual([]);
    });
  });

  describe(`${name}: a copy`, () => {
    it("has the bytes, and the metadata of the call only", async () => {
      const { blobs, container, target, put } = await open();
      const etag = await put("a.csv", "one", { owner: "x" });

      const source = { container, path: "a.csv", etag, size: 3 };
      expect(await blobs.copy(source, { container: target, path: "t/a.csv" }, METADATA)).toBe("done");

      expect(await blobs.readText(target, "t/a.csv")).toBe("one");
      const head = await blobs.head(target, "t/a.csv");
      expect(head?.metadata).toEqual(METADATA);
      expect([null, "success"]).toContain(head?.copyStatus);
    });

    it("is refused when the source changed or is gone, or the target is there, and leaves what is there", async () => {
      const { blobs, container, target, put } = await open();
      const old = await put("a.csv", "one");
      const etag = await put("a.csv", "two");
      const from = (path: string, version: string) => ({ container, path, etag: version, size: 3 });
      const copy = async (source: ReturnType<typeof from>, path: string): Promise<unknown> =>
        blobs.copy(source, { container: target, path }, METADATA).then(
          () => "copied",
          (error: unknown) => error,
        );

      expect(await copy(from("a.csv", old), "t")).toMatchObject({ name: "StorageError", status: 412 });
      expect(await copy(from("none", etag), "t")).toMatchObject({ name: "StorageError", status: 404 });
      expect(await blobs.head(target, "t")).toBeNull();
      expect(await copy(from("a.csv", etag), "t")).toBe("copied");
      const newest = await put("a.csv", "three");
      expect(await copy(from("a.csv", newest), "t")).toMatchObject({ name: "StorageError", status: 409 });
      expect(await blobs.readText(target, "t")).toBe("two");
    });

    it("that has ended is left alone by abort", async () => {
      const { blobs, container, target, put } = await open();
      const etag = await put("a.csv", "one");
      await blobs.copy({ container, path: "a.csv", etag, size: 3 }, { container: target, path: "t" }, METADATA);

      await blobs.abortCopy({ container: target, path: "t" }, "00000000-0000-0000-0000-000000000000");
      await blobs.abortCopy({ container: target, path: "none" }, "00000000-0000-0000-0000-000000000000");

      expect(await blobs.readText(target, "t")).toBe("one");
    });
  });
}
