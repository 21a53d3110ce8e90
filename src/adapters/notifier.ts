import axios from "axios";
import type { Notifier } from "../runs/deps";

const TIMEOUT_MS = 15_000;

/** Posts each notification as JSON. The receiver may get one twice and tells it by its id. */
export function createWebhookNotifier(url: string): Notifier {
  return {
    async notify(message) {
      try {
        await axios.post(url, message, { timeout: TIMEOUT_MS, maxRedirects: 0 });
      } catch (error) {
        // The URL may hold a secret and axios puts it into its errors: tell only the status.
        const status = axios.isAxiosError(error) ? (error.response?.status ?? error.code) : "unknown";
        // eslint-disable-next-line preserve-caught-error -- a cause would carry the URL into the log
        throw new Error(`notification webhook did not take the message (${status})`);
      }
    },
  };
}

/** For deployments without a notification webhook. */
export const silentNotifier: Notifier = { notify: async () => Promise.resolve() };
