import type { ContainerClient } from "@azure/storage-blob";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dropFiles } from "../../../local/demo/drops";

const FILES = {
  "drive-failures/drives/2024-11-24.csv.gz": 3,
  "drive-failures/drives/2024-12-01.csv.gz": 3,
  "drive-failures/readings/2023-07-02_2024-12-01.csv.gz": 9,
  "drive-failures/readings/2024-12-02.csv.gz": 5,
  "drive-failures/failures/2024-12-02.csv.gz": 1,
  "summary.json": 7,
};

describe("the files that the demo drops", () => {
  const folder = mkdtempSync(join(tmpdir(), "bk-drops-"));
  const uploaded: string[] = [];
  const uploadFile = (path: string): Promise<void> => {
    uploaded.push(path);
    return Promise.resolve();
  };
  const container = {
    getBlockBlobClient: (path: string) => ({ uploadFile: () => uploadFile(path) }),
  } as unknown as ContainerClient;

  beforeAll(() => {
    for (const [path, bytes] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), "x".repeat(bytes));
    }
  });
  beforeEach(() => uploaded.splice(0));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are those of a day, the largest first", async () => {
    await dropFiles(container, folder, "2024-12-02");

    expect(uploaded).toEqual([
      "drive-failures/readings/2024-12-02.csv.gz",
      "drive-failures/failures/2024-12-02.csv.gz",
    ]);
  });

  it("are all up to a day for a history with snapshots of earlier days", async () => {
    const dropped = await dropFiles(container, folder, "2024-12-01", { earlier: true });

    expect(dropped.map(({ path }) => path).sort()).toEqual(
      Object.keys(FILES)
        .filter((path) => /drives|_2024/.test(path))
        .sort(),
    );
  });

  it("are missed by name", async () => {
    await expect(dropFiles(container, folder, "2025-01-01")).rejects.toThrow("no files to drop in");
  });
});
