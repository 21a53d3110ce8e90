import type { Operation } from "../src/api/registry/operation";
import { OPERATIONS } from "../src/api/registry/operations";

/** The operation of this id. @throws Error when the table has none, which a test finds */
export function operationById(id: string): Operation {
  const found = OPERATIONS.find((operation) => operation.id === id);
  if (!found) throw new Error(`no operation ${id}`);
  return found;
}
