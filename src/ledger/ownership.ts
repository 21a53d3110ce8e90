import { LedgerOwnershipError } from "./errors";
import type { TablePort } from "./ports";

const OWNER = { partitionKey: "ledger", rowKey: "owner" };

/** @throws LedgerOwnershipError when the tables belong to another deployment */
export type CheckOwner = () => Promise<void>;

/** The first deployment that writes to a set of tables owns them: its runs, tokens and slots mean nothing to another one (I3, I6). */
export function createOwnerCheck(state: TablePort, deploymentId: string, tablePrefix: string): CheckOwner {
  let checked: Promise<void> | undefined;
  const check = async (): Promise<void> => {
    await state.insert({ ...OWNER, deploymentId });
    const owner = String((await state.get(OWNER.partitionKey, OWNER.rowKey))?.["deploymentId"]);
    if (owner !== deploymentId) throw new LedgerOwnershipError(tablePrefix, owner, deploymentId);
  };
  return async () => {
    // Once for a process; a fault of the storage is no answer, so the next call asks again.
    checked ??= check().catch((error: unknown) => {
      checked = undefined;
      throw error;
    });
    await checked;
  };
}

/** The table, of which nothing is read or written before its owner is known to be us. */
export function ownedTable(table: TablePort, check: CheckOwner): TablePort {
  const checked =
    <Arguments extends unknown[], Result>(call: (...args: Arguments) => Promise<Result>) =>
    async (...args: Arguments): Promise<Result> => {
      await check();
      return call(...args);
    };
  return {
    get: checked(table.get.bind(table)),
    insert: checked(table.insert.bind(table)),
    merge: checked(table.merge.bind(table)),
    put: checked(table.put.bind(table)),
    set: checked(table.set.bind(table)),
    remove: checked(table.remove.bind(table)),
    transact: checked(table.transact.bind(table)),
    async *query(range) {
      await check();
      yield* table.query(range);
    },
  };
}
