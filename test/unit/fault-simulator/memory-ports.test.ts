import { Kernel } from "../../../local/fault-simulator/kernel/kernel";
import { Wire, type Caller } from "../../../local/fault-simulator/kernel/wire";
import { SimulatedBlobs } from "../../../local/fault-simulator/ports/blob-port";
import { MemoryBlobs } from "../../../local/fault-simulator/ports/memory-blobs";
import { MemoryTable } from "../../../local/fault-simulator/ports/memory-table";
import { SimulatedTable } from "../../../local/fault-simulator/ports/table-port";
import { blobPortContract } from "../../support/blob-contract";
import { tablePortContract } from "../../support/table-contract";

const caller: Caller = { name: "test", alive: true };

/** A world that lets things happen as soon as the test waits: the contract's tests know no virtual clock. */
function living(): { kernel: Kernel; wire: Wire } {
  const kernel = new Kernel(1, Date.parse("2026-03-01T00:00:00Z"), false, 1_000_000);
  const wire = new Wire(kernel, {});
  const original = kernel.after.bind(kernel);
  kernel.after = (ms, run) => {
    setImmediate(() => kernel.run(() => false));
    return original(ms, run);
  };
  return { kernel, wire };
}

tablePortContract("SimulatedTable", () => {
  const { kernel, wire } = living();
  return new SimulatedTable("table", new MemoryTable(), caller, wire, kernel);
});

blobPortContract("SimulatedBlobs", async () => {
  const { kernel, wire } = living();
  const blobs = new MemoryBlobs(() => new Date(kernel.now));
  const put = async (path: string, text: string, metadata = {}): Promise<string> =>
    Promise.resolve(blobs.put("source", path, text, { metadata }).etag);
  return Promise.resolve({
    blobs: new SimulatedBlobs(blobs, caller, wire, kernel),
    container: "source",
    target: "target",
    put,
  });
});
