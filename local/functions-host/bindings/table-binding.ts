import type { TableClient, TransactionAction } from "@azure/data-tables";
import { StorageAccount, createdOnDemand, statusOf } from "../storage-account";
import type { BindingData } from "../worker/binding-data";
import { textOption } from "../worker/core-types";
import type { Binding, RpcTypedData } from "../worker/core-types";
import { bindingText, optionalBindingText } from "./binding-text";
import { fromEntity, toEntity } from "./table-entity";
import type { NewEntity } from "./table-entity";
import { itemsOf } from "./values";

const MAX_TRANSACTION = 100;
const quoted = (value: string): string => value.replaceAll("'", "''");

/** A `table` input or output binding. */
export class TableBinding {
  private readonly account: StorageAccount;
  private readonly tableName: (data: BindingData) => string;
  private readonly partitionKey: ((data: BindingData) => string) | undefined;
  private readonly rowKey: ((data: BindingData) => string) | undefined;
  private readonly filter: ((data: BindingData) => string) | undefined;
  /** Most entities of a query; 0 = all. */
  private readonly take: number;

  /** Throws HostError or Error naming `user` when table or connection is wrong. */
  constructor(
    binding: Binding,
    private readonly user: string,
  ) {
    this.tableName = bindingText(binding, "tableName", user);
    this.partitionKey = optionalBindingText(binding, "partitionKey", user);
    this.rowKey = optionalBindingText(binding, "rowKey", user);
    this.filter = optionalBindingText(binding, "filter", user, quoted);
    this.take = Number(binding["take"] ?? 0);
    this.account = StorageAccount.open(textOption(binding, "connection", ""), user);
  }

  /** With both keys one entity (undefined when there is none), else a list. */
  async read(data: BindingData): Promise<RpcTypedData | undefined> {
    const table = this.account.table(this.tableName(data));
    const [partitionKey, rowKey] = [this.partitionKey?.(data), this.rowKey?.(data)];
    const found =
      partitionKey !== undefined && rowKey !== undefined
        ? await one(table, partitionKey, rowKey)
        : await this.list(table, partitionKey, this.filter?.(data));
    return found === undefined ? undefined : { json: JSON.stringify(found) };
  }

  /** Inserts what the function gave; an entity whose key exists is an error, as in Azure. The table is made when it is missing. */
  async write(data: BindingData, value: RpcTypedData): Promise<void> {
    const table = this.account.table(this.tableName(data));
    const keys = { partitionKey: this.partitionKey?.(data), rowKey: this.rowKey?.(data) };
    const entities = itemsOf(value).map((item) => toEntity(item, keys, this.user));
    for (const batch of transactions(entities)) {
      const actions = batch.map((entity): TransactionAction => ["create", entity]);
      const insert = (): Promise<unknown> => {
        const [first] = batch;
        return batch.length === 1 && first ? table.createEntity(first) : table.submitTransaction(actions);
      };
      await createdOnDemand(insert, () => table.createTable());
    }
  }

  private async list(
    table: TableClient,
    partitionKey: string | undefined,
    filter: string | undefined,
  ): Promise<unknown[]> {
    const conditions = [
      ...(partitionKey === undefined ? [] : [`PartitionKey eq '${quoted(partitionKey)}'`]),
      ...(filter === undefined ? [] : [partitionKey === undefined ? filter : `(${filter})`]),
    ];
    const queryOptions = conditions.length > 0 ? { filter: conditions.join(" and ") } : {};
    const found: unknown[] = [];
    try {
      for await (const entity of table.listEntities({ queryOptions })) {
        found.push(fromEntity(entity));
        if (found.length === this.take) break;
      }
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
    return found;
  }
}

async function one(table: TableClient, partitionKey: string, rowKey: string): Promise<unknown> {
  try {
    return fromEntity(await table.getEntity(partitionKey, rowKey));
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** A transaction holds entities of one partition, and none twice. */
function transactions(entities: readonly NewEntity[]): NewEntity[][] {
  const byPartition = Map.groupBy(entities, (entity) => entity.partitionKey);
  return [...byPartition.values()].flatMap((group) => {
    const batches: NewEntity[][] = [];
    for (let start = 0; start < group.length; start += MAX_TRANSACTION)
      batches.push(group.slice(start, start + MAX_TRANSACTION));
    return batches;
  });
}
