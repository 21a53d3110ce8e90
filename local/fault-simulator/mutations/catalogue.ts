import { DROPS, REST } from "./data-mutations";
import type { Mutation } from "./mutation";
import { ENDS, PROOFS, SLOTS } from "./run-mutations";

/** Bugs that the simulator has to find: the defects that it was built for, put back one at a time, and others of their kind. */
export const MUTATIONS: readonly Mutation[] = [...ENDS, ...PROOFS, ...SLOTS, ...DROPS, ...REST];
