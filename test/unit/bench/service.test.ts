import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { quantile, table, verdictOf } from "../../../local/bench/service/bars";
import { CallCounter } from "../../../local/bench/service/call-counter";
import { parseServiceOptions } from "../../../local/bench/service/options";
import { keyOf, stormFaults } from "../../../local/bench/service/storm";

const MEASURE = { name: "x", value: 1.3, unit: "s", most: 1.2, detail: "" };

test("a figure over its bar is missed, one without a bar is not judged", () => {
  expect(verdictOf(MEASURE)).toBe("MISSED");
  expect(verdictOf({ ...MEASURE, value: 1.2 })).toBe("met");
  expect(verdictOf({ ...MEASURE, most: null })).toBe("");
  expect(verdictOf({ ...MEASURE, isEmulatorSlow: true })).toBe("EMULATOR");
  expect(table([MEASURE])).toMatch(/x +1\.30 s +1\.20 s +MISSED/);
});

test("quantiles are nearest ranks", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.95)).toBe(4);
  expect(() => quantile([], 0.5)).toThrow("no values");
});

test("a wrong size is refused by the name of its option", () => {
  expect(() => parseServiceOptions(["--storm", "few"])).toThrow(
    '--storm must be a whole number of at least 10, not "few"',
  );
  expect(parseServiceOptions(["--help"])).toBe("help");
});

describe("the storm sees", () => {
  const version = { path: "storm/1.csv", etag: "0x1" };
  const newest = new Map([[version.path, version]]);
  const drop = { ...version, state: "batched" as const, reason: "in the batch of r" };
  const inBatches = (times: number) => new Map([[keyOf(version), times]]);

  test("nothing wrong with a drop in one batch", () => {
    expect(stormFaults(newest, inBatches(1), [drop])).toEqual([]);
  });

  test("a version that is in no batch", () => {
    expect(stormFaults(newest, new Map(), [drop])).toEqual(["storm/1.csv is in 0 batches"]);
  });

  test("a drop in two batches", () => {
    expect(stormFaults(newest, inBatches(2), [drop])).toHaveLength(2);
  });

  test("a superseded drop that is in a batch all the same", () => {
    const old = { ...drop, state: "superseded" as const };
    expect(stormFaults(new Map(), inBatches(1), [old])).toEqual(["storm/1.csv, superseded, is in 1 batches"]);
  });

  test("a drop without a reason, and one that the index has twice", () => {
    const old = { ...drop, state: "vanished" as const, reason: null };
    expect(stormFaults(new Map(), new Map(), [old])).toEqual(["storm/1.csv is vanished without a reason"]);
    expect(stormFaults(newest, inBatches(1), [drop, drop])).toEqual(["storm/1.csv stands in the index twice"]);
  });
});

test("every call and every row of an answer is counted, and the answer is passed on", async () => {
  const server = createServer((request, response) => {
    const body = request.url === "/list" ? { value: [{ RowKey: "a" }, { RowKey: "b" }] } : { RowKey: "a" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const counter = await CallCounter.start((server.address() as AddressInfo).port);
  try {
    const list = await fetch(`http://127.0.0.1:${counter.port}/list`);
    expect(await list.json()).toHaveProperty("value");
    await (await fetch(`http://127.0.0.1:${counter.port}/row`)).json();
    expect(counter.count()).toEqual({ calls: 2, rows: 3 });
    counter.reset();
    expect(counter.count()).toEqual({ calls: 0, rows: 0 });
  } finally {
    await counter.stop();
    server.close();
  }
});
