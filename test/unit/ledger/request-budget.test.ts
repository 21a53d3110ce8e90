import { createStorageClients } from "../../../src/config/storage-clients";
import { AzureTable } from "../../../src/ledger/azure-table";
import { RequestBudget } from "../../../src/ledger/request-budget";
import { useAzurite } from "../../support/azurite";
import { FakeClock } from "../../support/fake-clock";

const storage = useAzurite();

/** Processes of one deployment under one clock; time passes only while all of them wait. */
function processes(count: number, perSecond: number, table: string) {
  const clock = new FakeClock();
  const clients = createStorageClients({ kind: "connectionString", connectionString: storage.connectionString });
  const now = () => new Date(clock.now());
  let writes = 0;
  const budgets = Array.from({ length: count }, () => {
    const shared = new AzureTable(clients.table(table));
    const merge = shared.merge.bind(shared);
    shared.merge = async (...args) => {
      writes += 1;
      return merge(...args);
    };
    return new RequestBudget(
      shared,
      perSecond,
      now,
      async (ms) => clock.sleep(ms),
      async () => undefined,
    );
  });
  return { clock, budgets, writes: () => writes };
}

describe("RequestBudget", () => {
  it("lets three processes together make no more calls than one may", async () => {
    const { clock, budgets } = processes(3, 10, "budget3");
    const start = clock.now();
    const calls: number[] = [];

    await Promise.all(
      budgets.map(async (budget) => {
        for (let made = 0; made < 20; made += 1) {
          await budget.acquire();
          calls.push(Math.floor((clock.now() - start) / 2000));
        }
      }),
    );

    expect(calls).toHaveLength(60);
    for (const span of new Set(calls)) expect(calls.filter((at) => at === span).length).toBeLessThanOrEqual(20);
    expect(clock.now() - start).toBeGreaterThanOrEqual(4000);
  });

  it("writes one row for several calls, and none while nobody calls", async () => {
    const { budgets, writes } = processes(1, 40, "budget1");

    for (let made = 0; made < 40; made += 1) await budgets[0]?.acquire();

    expect(writes()).toBeLessThanOrEqual(4);
  });
});
