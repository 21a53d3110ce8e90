import { send } from "../http/exchange";
import type { Exchange } from "../http/exchange";

/** Serves the entity endpoints. */
export class EntityApi {
  /** Returns whether the request was one of its own. */
  async handle(exchange: Exchange, _name: string | undefined, _key: string | undefined): Promise<boolean> {
    send(exchange.res, 501, { Message: "Durable entities are not available in the local functions host" });
    return Promise.resolve(true);
  }
}
