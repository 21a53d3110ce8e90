import { randomBytes } from "node:crypto";
import { createStorageClients } from "../../../src/config/storage-clients";
import { AzureTable } from "../../../src/ledger/azure-table";
import { RegistryStore } from "../../../src/ledger/registry-store";
import { useAzurite } from "../../support/azurite";

const storage = useAzurite();

/** Stores of one table, as processes that follow one another have them; each knows the minute it registers in. */
function processes(): (minute: number) => RegistryStore {
  const clients = createStorageClients({ kind: "connectionString", connectionString: storage.connectionString });
  const table = new AzureTable(clients.table(`t${randomBytes(8).toString("hex")}`));
  return (minute) => new RegistryStore(table, () => new Date(Date.UTC(2026, 0, 1, 0, minute)));
}

const minuteOf = (since: string): number => new Date(since).getUTCMinutes();

describe("since when a pipeline is in its group", () => {
  it("is the first time, whichever process says so again", async () => {
    const at = processes();
    await at(1).register("p", "old");
    await at(5).register("p", "old");

    const [member] = await at(6).memberships();
    expect(member).toMatchObject({ pipeline: "p", group: "old" });
    expect(minuteOf(member?.since ?? "")).toBe(1);
  });

  it("is its return, when it was in another group meanwhile (I4)", async () => {
    const at = processes();
    await at(1).register("p", "old");
    await at(10).register("p", "new");
    await at(10).register("pp", "other");
    await at(20).register("p", "old");
    await at(25).register("p", "old");

    const minutes = (await at(30).memberships()).map(({ pipeline, group, since }) => [
      `${pipeline} ${group}`,
      minuteOf(since),
    ]);
    expect(Object.fromEntries(minutes)).toEqual({ "p new": 10, "p old": 20, "pp other": 10 });
  });
});
