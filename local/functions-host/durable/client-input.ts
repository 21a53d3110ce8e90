/** Where the durable management API is reached. */
export interface DurableEndpoints {
  /** `http://127.0.0.1:7071` */
  readonly origin: string;
  readonly hubName: string;
  /** System key `durabletask_extension`. */
  readonly key: string;
}

/** Path of the public management API. */
export const WEBHOOK_PATH = "/runtime/webhooks/durabletask";
/** Path of the management API for the app itself, without key. */
export const RPC_PATH = "/durabletask";

/** The query string that every public URL carries. */
function queryString(endpoints: DurableEndpoints): string {
  return `taskHub=${encodeURIComponent(endpoints.hubName)}&connection=Storage&code=${encodeURIComponent(endpoints.key)}`;
}

/** The management URLs of an instance. */
export function managementUrls(endpoints: DurableEndpoints, id: string): Record<string, string> {
  const base = `${endpoints.origin}${WEBHOOK_PATH}/instances/${id}`;
  const query = queryString(endpoints);
  return {
    id,
    statusQueryGetUri: `${base}?${query}`,
    sendEventPostUri: `${base}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${base}/terminate?reason={text}&${query}`,
    rewindPostUri: `${base}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${base}?${query}`,
    restartPostUri: `${base}/restart?${query}`,
    suspendPostUri: `${base}/suspend?reason={text}&${query}`,
    resumePostUri: `${base}/resume?reason={text}&${query}`,
  };
}

/** What a `durableClient` input binding gets. */
export function durableClientInput(endpoints: DurableEndpoints): Record<string, unknown> {
  const create = `${endpoints.origin}${WEBHOOK_PATH}/orchestrators/{functionName}[/{instanceId}]`;
  const query = queryString(endpoints);
  return {
    taskHubName: endpoints.hubName,
    connectionName: null,
    creationUrls: {
      createNewInstancePostUri: `${create}?${query}`,
      createAndWaitOnNewInstancePostUri: `${create}?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${query}`,
    },
    managementUrls: managementUrls(endpoints, "INSTANCEID"),
    baseUrl: `${endpoints.origin}${WEBHOOK_PATH}`,
    requiredQueryStringParameters: `code=${encodeURIComponent(endpoints.key)}`,
    rpcBaseUrl: `${endpoints.origin}${RPC_PATH}/`,
  };
}
