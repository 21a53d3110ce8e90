/** Keys `defaultVersion`, `versionMatchStrategy` and `versionFailureStrategy` of host.json. */
export interface VersionRules {
  /** Version that new orchestrations get, and of this worker. */
  readonly defaultVersion: string | undefined;
  readonly match: "None" | "Strict" | "CurrentOrOlder";
  /** `Reject` leaves the instance to a worker that fits; `Fail` fails it. */
  readonly failure: "Reject" | "Fail";
}

/** Why this worker may not run an orchestration of that version, or undefined when it may. */
export function versionMismatch(rules: VersionRules, version: string | null): string | undefined {
  if (rules.match === "None") return undefined;
  const order = compareVersions(version ?? "", rules.defaultVersion ?? "");
  const fits = rules.match === "Strict" ? order === 0 : order <= 0;
  if (fits) return undefined;
  const relation = rules.match === "Strict" ? "is not" : "is newer than";
  return `version '${version ?? ""}' of the orchestration ${relation} version '${rules.defaultVersion ?? ""}' of this worker (versionMatchStrategy ${rules.match})`;
}

/** Compares as the Durable Task Framework does: an empty version is the oldest, numbers part by part, other texts by their letters. */
export function compareVersions(a: string, b: string): number {
  if (a.trim() === "" || b.trim() === "") return Number(a.trim() !== "") - Number(b.trim() !== "");
  const [left, right] = [numbers(a), numbers(b)];
  if (!left || !right) {
    const [first, second] = [a.toUpperCase(), b.toUpperCase()];
    return first < second ? -1 : first > second ? 1 : 0;
  }
  // A part that is missing is less than one that is 0.
  for (let index = 0; index < 4; index++) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function numbers(version: string): number[] | undefined {
  return /^\d+(?:\.\d+){1,3}$/.test(version.trim()) ? version.trim().split(".").map(Number) : undefined;
}
