import { Session, type Profiler } from "node:inspector";
import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import { relative } from "node:path";

/** What of one file of the app ran. */
export interface FileCoverage {
  readonly file: string;
  readonly functions: number;
  readonly functionsRun: number;
  /** Characters of code that belong to functions, and those of them that ran. */
  readonly code: number;
  readonly codeRun: number;
  /** First lines of branches that never ran inside of functions that did. */
  readonly branchesLeft: readonly number[];
}

/** Counts which code of the app runs, by V8's own block coverage. Begin before the app is loaded. */
export class CodeCoverage {
  private readonly session = new Session();

  constructor(private readonly app: string) {
    this.session.connect();
    this.session.post("Profiler.enable");
    this.session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** What ran so far, files with the most code left first. */
  take(): FileCoverage[] {
    let scripts: Profiler.ScriptCoverage[] = [];
    this.session.post("Profiler.takePreciseCoverage", (fault, answer) => {
      if (fault) throw fault;
      scripts = answer.result;
    });
    const own = scripts.filter(({ url }) => url.startsWith("file:") && fileURLToPath(url).startsWith(`${this.app}/`));
    const files = own.map((script) => ofFile(relative(this.app, fileURLToPath(script.url)), script));
    return files.sort((a, b) => b.code - b.codeRun - (a.code - a.codeRun));
  }
}

function ofFile(file: string, { url, functions }: Profiler.ScriptCoverage): FileCoverage {
  const source = readFileSync(fileURLToPath(url), "utf8");
  // The outermost "function" is the module itself, with what its functions do not cover: it runs when it is loaded.
  const own = functions.filter(({ functionName, ranges }) => functionName !== "" || (ranges[0]?.startOffset ?? 0) > 0);
  const ran = new Int8Array(source.length).fill(-1);
  const left: number[] = [];
  for (const { ranges } of own)
    for (const [index, { startOffset, endOffset, count }] of ranges.entries()) {
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
      if (index > 0 && count === 0) left.push(source.slice(0, startOffset).split("\n").length);
    }
  const count = (value: number): number => ran.reduce((sum, one) => sum + (one === value ? 1 : 0), 0);
  return {
    file,
    functions: own.length,
    functionsRun: own.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).length,
    code: count(0) + count(1),
    codeRun: count(1),
    branchesLeft: left,
  };
}

/** The figures, and the files with the most code that never ran. */
export function coverageLines(files: readonly FileCoverage[], shown = 15): string[] {
  const sum = (of: (file: FileCoverage) => number): number => files.reduce((total, file) => total + of(file), 0);
  const [functions, code] = [sum((file) => file.functions), sum((file) => file.code)];
  const percent = ((100 * sum((file) => file.codeRun)) / Math.max(1, code)).toFixed(1);
  const left = files
    .filter(({ code: all, codeRun }) => codeRun < all)
    .slice(0, shown)
    .map((file) => {
      const share = ((100 * file.codeRun) / file.code).toFixed(0).padStart(3);
      const lines = file.branchesLeft.slice(0, 8).join(", ");
      return `  ${share} %  ${file.file}${lines === "" ? "" : `, branches at lines ${lines}`}`;
    });
  return [
    `of the code in functions of ${files.length} files of the app ${percent} % ran: ${sum((file) => file.functionsRun)} of ${functions} functions,`,
    `and in those all branches but ${sum((file) => file.branchesLeft.length)}; the most is left in`,
    ...left,
  ];
}
