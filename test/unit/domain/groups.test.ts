import fc from "fast-check";
import { blockedBy, type GroupedRun, type Membership } from "../../../src/domain/groups";

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const run = (runId: string, pipeline: string, group: string, minute: number, more: Partial<GroupedRun> = {}) => ({
  runId,
  pipeline,
  group,
  state: "queued" as const,
  createdAt: at(minute),
  requestedAt: at(minute),
  ...more,
});
/** Both pipelines began in `old`; both were moved to `new` in minute 10. */
const moved: Membership[] = ["p", "q"].flatMap((pipeline) => [
  { pipeline, group: "old", since: at(0) },
  { pipeline, group: "new", since: at(10) },
]);

describe("blockedBy", () => {
  it("lets a run of a regrouped pipeline wait for one that began in the old group, of any pipeline that was there", () => {
    const writer = run("b", "q", "old", 5, { state: "running" });

    expect(blockedBy(run("a", "p", "new", 12), [writer], moved)).toBe(writer);
    expect(blockedBy(run("a", "q", "new", 12), [writer], moved)).toBe(writer);
  });

  it("lets a retry of an old run wait for a new one that runs", () => {
    const writer = run("b", "p", "new", 12, { state: "running" });

    expect(blockedBy(run("a", "p", "old", 5, { requestedAt: at(20) }), [writer], moved)).toBe(writer);
  });

  it("lets a run of a pipeline that came back to a group wait for one of the group that it left", () => {
    const back = [
      { pipeline: "p", group: "old", since: at(20) },
      { pipeline: "p", group: "new", since: at(10) },
      { pipeline: "q", group: "new", since: at(10) },
      { pipeline: "q", group: "old", since: at(20) },
    ];
    const writer = run("b", "q", "new", 15, { state: "running" });

    expect(blockedBy(run("a", "p", "old", 21), [writer], back)).toBe(writer);
  });

  it("lets a run of a pipeline with a new name wait where the others of its group were elsewhere meanwhile", () => {
    const back = [
      { pipeline: "p", group: "old", since: at(0) },
      { pipeline: "p", group: "new", since: at(10) },
      { pipeline: "q", group: "new", since: at(10) },
      { pipeline: "q", group: "old", since: at(20) },
      { pipeline: "p2", group: "old", since: at(20) },
    ];
    const writer = run("b", "p", "new", 15, { state: "running" });

    expect(blockedBy(run("a", "p2", "old", 21), [writer], back)).toBe(writer);
  });

  it("keeps nobody apart who was never together", () => {
    const memberships = [
      { pipeline: "p", group: "old", since: at(0) },
      { pipeline: "q", group: "new", since: at(0) },
      { pipeline: "p", group: "third", since: at(10) },
    ];

    expect(
      blockedBy(run("a", "p", "third", 12), [run("b", "q", "new", 1, { state: "running" })], memberships),
    ).toBeNull();
  });

  it("leaves the slot to keep runs of one group apart", () => {
    expect(blockedBy(run("a", "p", "new", 12), [run("b", "q", "new", 11, { state: "running" })], moved)).toBeNull();
  });

  it("never lets two overlap, and never lets all wait, whatever runs are open", () => {
    const open = fc.array(
      fc.record({
        pipeline: fc.constantFrom("p", "q"),
        createdAt: fc.integer({ min: 0, max: 20 }),
        delay: fc.integer({ min: 0, max: 20 }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(open, (shapes) => {
        let runs: GroupedRun[] = shapes.map(({ pipeline, createdAt, delay }, index) =>
          run(`r${index}`, pipeline, createdAt < 10 ? "old" : "new", createdAt, { requestedAt: at(createdAt + delay) }),
        );
        while (runs.length > 0) {
          const next = runs.find((one) => blockedBy(one, runs, moved) === null);
          expect(next).toBeDefined();
          const running = runs.map((one) => (one === next ? { ...one, state: "running" as const } : one));
          // All of them write the same tables: no other group's slot may be taken while this one runs.
          for (const other of running) {
            if (other.runId !== next?.runId && other.group !== next?.group)
              expect(blockedBy(other, running, moved)).not.toBeNull();
          }
          runs = runs.filter((one) => one !== next);
        }
      }),
    );
  });
});
