import { freeStoragePorts, startAzurite } from "../../../local/stack/azurite";

describe("startAzurite", () => {
  it("leaves nothing running when it gives up", async () => {
    const ports = await freeStoragePorts();

    await expect(startAzurite({ ports, readyTimeoutMs: 0 })).rejects.toThrow(/did not answer on port \d+ within 0 s/);

    const storage = await startAzurite({ ports });
    expect(storage.pid).toBeGreaterThan(0);
    await storage.stop();
  }, 90_000);
});
