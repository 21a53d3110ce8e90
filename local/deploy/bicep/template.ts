import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parseBicep, type Declaration, type Expr } from "./parser";

/** Bicep files by path below `infra/`. */
export type Sources = ReadonlyMap<string, string>;

/** The functions of Bicep that `infra/` calls; another one is a fault until it is looked up and added here. */
const FUNCTIONS = new Set(
  `empty environment fail filter guid items loadTextContent replace resourceGroup split string subscription
   subscriptionResourceId tenant toLower union uniqueString`.split(/\s+/),
);

/** Reads all Bicep files below a folder. */
export function readSources(folder: string): Sources {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".bicep"));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** The expressions directly below one, each with the names that it adds. */
function below(expr: Expr): { readonly child: Expr; readonly adds?: readonly string[] }[] {
  switch (expr.kind) {
    case "literal":
    case "name":
      return [];
    case "string":
      return expr.parts.flatMap((part) => (typeof part === "string" ? [] : [{ child: part }]));
    case "call":
      return [expr.callee, ...expr.args].map((child) => ({ child }));
    case "member":
      return [{ child: expr.of }];
    case "group":
      return expr.items.map((child) => ({ child }));
    case "scope":
      return [{ child: expr.over }, { child: expr.body, adds: expr.names }];
    case "object": {
      const adds = expr.nested.map(({ name }) => name);
      const entries = expr.entries.flatMap(({ key, value }) => (typeof key === "string" ? [value] : [key, value]));
      return [...entries, ...expr.nested.flatMap(expressionsOf)].map((child) => ({ child, adds }));
    }
  }
}

const expressionsOf = ({ condition, value }: Declaration): Expr[] =>
  [condition, value].filter((expr) => expr !== undefined);

/** Calls `visit` for an expression and everything below it, with the names that are known there. */
export function walk(expr: Expr, visit: (expr: Expr, known: ReadonlySet<string>) => void, known = new Set<string>()) {
  visit(expr, known);
  for (const { child, adds } of below(expr)) walk(child, visit, adds ? new Set([...known, ...adds]) : known);
}

/** The value of a property of an object. */
export function property(expr: Expr | undefined, name: string): Expr | undefined {
  return expr?.kind === "object" ? expr.entries.find(({ key }) => key === name)?.value : undefined;
}

/** The names of the properties of an object. */
export function keysOf(expr: Expr | undefined): string[] {
  if (expr?.kind !== "object") throw new Error("not an object");
  return expr.entries.map(({ key }) => (typeof key === "string" ? key : "${…}"));
}

/** The text of a string without interpolation. */
export function textOf(expr: Expr | undefined): string | undefined {
  const [only, ...more] = expr?.kind === "string" ? expr.parts : [];
  return more.length === 0 && typeof only === "string" ? only : undefined;
}

/** Resources of a file, nested ones as well. */
export function resourcesOf(declarations: readonly Declaration[]): Declaration[] {
  return declarations
    .filter(({ kind }) => kind === "resource")
    .flatMap((declaration) => {
      const nested: Declaration[] = [];
      for (const expr of expressionsOf(declaration))
        walk(expr, (part) => part.kind === "object" && nested.push(...part.nested));
      return [declaration, ...nested];
    });
}

/** All files, parsed. @throws BicepError */
export function parseAll(sources: Sources): ReadonlyMap<string, readonly Declaration[]> {
  return new Map([...sources].map(([file, text]) => [file, parseBicep(text, file)]));
}

function faultsOfNames(file: string, declarations: readonly Declaration[]): string[] {
  const faults: string[] = [];
  const used = new Set<string>();
  const declared = new Set<string>();
  for (const { kind, name, line } of declarations) {
    if (kind === "output") continue;
    if (declared.has(name)) faults.push(`${file}:${line}: ${name} is declared twice`);
    declared.add(name);
  }
  const visit = (expr: Expr, known: ReadonlySet<string>) => {
    if (expr.kind === "call" && expr.callee.kind === "name" && !FUNCTIONS.has(expr.callee.name))
      faults.push(`${file}:${expr.callee.line}: unknown function ${expr.callee.name}`);
    if (expr.kind !== "name" || known.has(expr.name)) return;
    used.add(expr.name);
    if (!declared.has(expr.name) && !FUNCTIONS.has(expr.name))
      faults.push(`${file}:${expr.line}: unknown name ${expr.name}`);
  };
  for (const expr of declarations.flatMap(expressionsOf)) walk(expr, visit);
  const mayIdle = ({ kind, existing }: Declaration) =>
    kind === "output" || kind === "module" || (kind === "resource" && !existing);
  for (const declaration of declarations)
    if (!mayIdle(declaration) && !used.has(declaration.name))
      faults.push(`${file}:${declaration.line}: ${declaration.kind} ${declaration.name} is never used`);
  return faults;
}

function faultsOfModules(file: string, files: ReadonlyMap<string, readonly Declaration[]>): string[] {
  const faults: string[] = [];
  const declarations = files.get(file) ?? [];
  for (const module of declarations.filter(({ kind }) => kind === "module")) {
    const where = `${file}:${module.line}: module ${module.name}`;
    const path = posix.join(posix.dirname(file), module.type);
    const target = files.get(path);
    if (!target) {
      faults.push(`${where}: no file ${path}`);
      continue;
    }
    const params = target.filter(({ kind }) => kind === "param");
    const given = keysOf(property(module.value, "params"));
    for (const name of given)
      if (!params.some((param) => param.name === name)) faults.push(`${where}: ${path} has no parameter ${name}`);
    for (const { name, value } of params)
      if (!value && !given.includes(name)) faults.push(`${where}: parameter ${name} is missing`);
    const outputs = target.filter(({ kind }) => kind === "output").map(({ name }) => name);
    const read = outputsRead(declarations, module.name);
    for (const name of read) if (!outputs.includes(name)) faults.push(`${where}: ${path} has no output ${name}`);
    for (const name of outputs) if (!read.has(name)) faults.push(`${where}: output ${name} of ${path} is never read`);
  }
  return faults;
}

/** Which outputs of a module a file reads: `<module>.outputs.<name>`. */
function outputsRead(declarations: readonly Declaration[], module: string): Set<string> {
  const read = new Set<string>();
  const visit = (expr: Expr) => {
    const outputs = expr.kind === "member" ? expr.of : undefined;
    if (expr.kind !== "member" || outputs?.kind !== "member" || outputs.name !== "outputs") return;
    if (outputs.of.kind === "name" && outputs.of.name === module) read.add(expr.name);
  };
  for (const expr of declarations.flatMap(expressionsOf)) walk(expr, visit);
  return read;
}

/** What does not resolve, or is of no use, in a set of Bicep files. @throws BicepError for bad syntax */
export function findFaults(sources: Sources): string[] {
  const files = parseAll(sources);
  return [...files].flatMap(([file, declarations]) => [
    ...faultsOfNames(file, declarations),
    ...faultsOfModules(file, files),
  ]);
}
