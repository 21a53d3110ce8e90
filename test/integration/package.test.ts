import { unzipSync } from "fflate";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPO_ROOT } from "../../local/paths";
import { makePackage } from "../support/packaged-app";

jest.setTimeout(120_000);

interface BillOfMaterials {
  readonly components: readonly {
    readonly group?: string;
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly unknown[];
  }[];
}

/** That it runs is shown by the end-to-end test, which unpacks it elsewhere. */
describe("the package", () => {
  const folder = mkdtempSync(join(tmpdir(), "batchkeeper-package-"));
  let zip: Buffer;
  let files: Record<string, Uint8Array>;
  const text = (name: string): string => Buffer.from(files[name] ?? []).toString();

  beforeAll(() => {
    zip = makePackage(join(folder, "one"), { TZ: "Asia/Tokyo" });
    files = unzipSync(zip);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("has the same bytes from every build, whatever the clock and the time zone", () => {
    expect(makePackage(join(folder, "two"), { TZ: "America/Lima" }).equals(zip)).toBe(true);
  });

  it("has the app in one file and what it reads, and nothing of the development", () => {
    const names = Object.keys(files).filter((name) => !/^(?:pipelines|dist\/console)\//.test(name));

    expect(names).toEqual(["LICENSE", "host.json", "main.js", "package.json", "sbom.cdx.json"]);
    expect(Object.keys(files)).toEqual(expect.arrayContaining(["pipelines/scoring.json", "dist/console/index.html"]));
    expect(JSON.parse(text("package.json"))).toMatchObject({ name: "batchkeeper", main: "main.js" });
    expect(text("package.json")).not.toContain("ependencies");
    expect(text("main.js")).not.toMatch(/^\/\/ dist\/local\//m);
  });

  it("is below 15 MB", () => {
    const unpacked = Object.values(files).reduce((total, { length }) => total + length, 0);

    expect(unpacked).toBeLessThan(15e6);
    expect(unpacked).toBeGreaterThan(1e6);
  });

  it("lists every dependency of the app, as it is installed, with its licence", () => {
    const { components } = JSON.parse(text("sbom.cdx.json")) as BillOfMaterials;
    const listed = new Map(
      components.map((item) => [item.group ? `${item.group}/${item.name}` : item.name, item.version]),
    );
    const { dependencies } = JSON.parse(readFileSync(join(REPO_ROOT, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };

    for (const [name, version] of Object.entries(dependencies))
      expect([name, listed.get(name)]).toEqual([name, version]);
    // Its compiled folder has a package.json of its own, which names no licence and is the nearest.
    expect(components.filter(({ licenses }) => !licenses?.length).map(({ name }) => name)).toEqual(["identity"]);
  });

  it("names no path of the machine that built it", () => {
    for (const name of Object.keys(files)) expect(text(name)).not.toContain(REPO_ROOT);
  });
});
