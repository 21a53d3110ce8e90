import type { Stack } from "../stack/stack";
export async function tellRiskTable(_stack: Stack, _id: string): Promise<void> {}
export async function tellModelQuality(_stack: Stack, _id: string): Promise<void> {}
export function tellWhereThingsLie(..._all: unknown[]): void {}
