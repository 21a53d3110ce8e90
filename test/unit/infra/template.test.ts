import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { findFaults, parseAll, readSources } from "../../../local/deploy/bicep/template";
import { parseBicep } from "../../../local/deploy/bicep/parser";

const ROOT = join(__dirname, "..", "..", "..");
const INFRA = join(ROOT, "infra");
const text = (path: string) => readFileSync(join(ROOT, path), "utf8");

describe("the Bicep of infra/", () => {
  const sources = readSources(INFRA);
  const main = parseAll(sources).get("main.bicep") ?? [];
  const names = (kind: string) => main.filter((item) => item.kind === kind).map(({ name }) => name);

  it("parses, and every name, parameter and output of it resolves and is used", () => {
    expect(sources.size).toBeGreaterThan(10);
    expect(findFaults(sources)).toEqual([]);
  });

  it("gives every parameter of main.bicep by main.parameters.json, and no other", () => {
    const file = JSON.parse(text("infra/main.parameters.json")) as { parameters: Record<string, unknown> };

    expect(Object.keys(file.parameters).sort()).toEqual(names("param").sort());
  });

  it("has every choice of a deployment handed on by the workflow", () => {
    const { jobs } = parse(text(".github/workflows/deploy.yml")) as {
      jobs: { deploy: { env: Record<string, string> } };
    };
    const parameters = [...text("infra/main.parameters.json").matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
    const hook = ["DATABRICKS_CLUSTER_ID", "DATABRICKS_NODE_TYPE", "DATABRICKS_POOL_IDLE", "BUNDLE_FOLDER"];

    expect(parameters.length).toBeGreaterThan(20);
    expect(Object.keys(jobs.deploy.env)).toEqual(expect.arrayContaining([...parameters, ...hook]));
  });

  it("has each output of main.bicep read by a hook or by azd", () => {
    const hooks = ["sh", "ps1"].map((kind) => ["lib", "postprovision", "postdeploy"].map((name) => text(`infra/hooks/${name}.${kind}`)).join("\n")); // prettier-ignore
    // azd reads the vault's name for `secretOrRandomPassword`, and the group for `azd down`.
    const byAzd = ["AZURE_RESOURCE_GROUP"];

    for (const script of hooks)
      expect(names("output").filter((name) => !byAzd.includes(name) && !script.includes(name))).toEqual([]);
  });

  it("has no module from a registry, so that it compiles without a network", () => {
    const modules = [...parseAll(sources).values()].flat().filter(({ kind }) => kind === "module");

    expect(modules.filter(({ type }) => !/^app\/[\w-]+\.bicep$/.test(type))).toEqual([]);
  });

  it("is what azure.yaml deploys, with hooks that exist", () => {
    const azure = parse(text("azure.yaml")) as {
      infra: object;
      services: Record<string, { host: string }>;
      hooks: Record<string, Record<string, { run: string }>>;
    };

    expect(azure.infra).toEqual({ provider: "bicep", path: "infra", module: "main" });
    expect(azure.services["app"]?.host).toBe("function");
    for (const hook of Object.values(azure.hooks))
      for (const { run } of Object.values(hook)) expect(text(run)).not.toBe("");
    expect(text("infra/main.bicep")).toContain("'azd-service-name': 'app'");
  });
});

describe("the checks on Bicep find", () => {
  const faults = (main: string, part = "param a string\noutput b string = a") =>
    findFaults(new Map([["main.bicep", main], ["part.bicep", part]])); // prettier-ignore
  const MODULE = "module m 'part.bicep' = {\n  params: { a: 'x' }\n}\n";
  const READ = "output c string = m.outputs.b\n";

  it.each([
    ["nothing in sound files", MODULE + READ, []],
    ["an unknown name", `${MODULE}${READ}var x = [for i in [1]: '\${j}']\noutput y array = x`, ["main.bicep:5: unknown name j"]],
    ["an unknown function", `${MODULE}${READ}output y string = toUper('x')`, ["main.bicep:5: unknown function toUper", "main.bicep:5: unknown name toUper"]],
    ["an unused parameter", `${MODULE}${READ}param p string`, ["main.bicep:5: param p is never used"]],
    ["an unused variable", `${MODULE}${READ}var v = 1`, ["main.bicep:5: var v is never used"]],
    ["a name declared twice", `${MODULE}${READ}var v = 1\nvar v = v`, ["main.bicep:6: v is declared twice"]],
    ["a parameter that a module lacks", MODULE.replace("a:", "a: 'y', z:") + READ, ["main.bicep:1: module m: part.bicep has no parameter z"]],
    ["a parameter not given", MODULE.replace("a: 'x'", "") + READ, ["main.bicep:1: module m: parameter a is missing"]],
    ["an output that a module lacks", MODULE + READ.replace(".b", ".q"), ["main.bicep:1: module m: part.bicep has no output q", "main.bicep:1: module m: output b of part.bicep is never read"]],
    ["an output that nobody reads", MODULE, ["main.bicep:1: module m: output b of part.bicep is never read"]],
    ["a module without a file", MODULE.replace("part", "none"), ["main.bicep:1: module m: no file none.bicep"]],
  ])("%s", (_what, main, expected) => expect(faults(main)).toEqual(expected)); // prettier-ignore

  it.each([
    ["var x = {\n  a: 1\n", /f\.bicep:3: expected a name, not "end of file"/],
    ["var x = 'a", /f\.bicep:1: string is not closed/],
    ["var x = '${a'", /f\.bicep:1: \$\{ is not closed/],
    ["var x = '\\q'", /f\.bicep:1: unknown escape \\q/],
    ["vr x = 1", /f\.bicep:1: expected param, var, output, resource, module, not "vr"/],
    ["var x = 1 2", /f\.bicep:1: expected the end of the line, not "2"/],
    ["var x = [for a of b: a]", /f\.bicep:1: expected in, not "of"/],
    ["var x = #", /f\.bicep:1: unexpected "#"/],
  ])("bad syntax: %j", (source, message) => {
    expect(() => parseBicep(source, "f.bicep")).toThrow(message);
  });
});
