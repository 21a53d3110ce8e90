import type { Action } from "./actions";
import { EventType, newEvent } from "./events";
import type { HistoryEvent } from "./events";
import type { DurableStore, Instance } from "./store";

/** Placeholder until entities land. */
export function sendEntityMessages(_store: DurableStore, _instance: Instance, id: number, action: Action): HistoryEvent[] {
  return [newEvent(EventType.EventSent, { EventId: id, InstanceId: action.instanceId ?? "", Name: "op", Input: "{}" })];
}
