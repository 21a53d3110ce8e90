#!/bin/sh
# Event Grid to the deployed blob trigger, then the doctor, whose probe goes the whole way of a drop. Run it again as often as need be.
set -eu
cd "$(dirname "$0")/../.."
. infra/hooks/lib.sh

need AZURE_TENANT_ID AZURE_RESOURCE_GROUP FUNCTION_APP_NAME FUNCTION_APP_HOST DATA_STORAGE_ID DATA_STORAGE_RESOURCE_GROUP \
  EVENT_GRID_TOPIC DROPS_CONTAINER DEAD_LETTERS_CONTAINER
need_tool az npx
check_tenant

# Keys exist once the host has started with the new package, which may take minutes.
read_key() {
  key=$(az functionapp keys list -g "$AZURE_RESOURCE_GROUP" -n "$FUNCTION_APP_NAME" --query "$1" -o tsv) && [ -n "$key" ]
}
retry 30 read_key systemKeys.blobs_extension

subscription="batchkeeper-$DROPS_CONTAINER"
endpoint="https://$FUNCTION_APP_HOST/runtime/webhooks/blobs?functionName=Host.Functions.dropReceived-$DROPS_CONTAINER&code=$key"
current=$(az eventgrid system-topic event-subscription show -g "$DATA_STORAGE_RESOURCE_GROUP" --system-topic-name "$EVENT_GRID_TOPIC" \
  -n "$subscription" --include-full-endpoint-url true --query destination.endpointUrl -o tsv 2>/dev/null) || current=
if [ "$current" = "$endpoint" ]; then
  say "Event Grid subscription $subscription is there"
else
  # Only calls that end a write: Data Lake Storage tells of a file before a byte is in it.
  retry 6 az eventgrid system-topic event-subscription create -g "$DATA_STORAGE_RESOURCE_GROUP" --system-topic-name "$EVENT_GRID_TOPIC" \
    -n "$subscription" --endpoint-type webhook --endpoint "$endpoint" \
    --included-event-types Microsoft.Storage.BlobCreated \
    --subject-begins-with "/blobServices/default/containers/$DROPS_CONTAINER/" \
    --advanced-filter data.api StringIn PutBlob PutBlockList CopyBlob FlushWithClose \
    --deadletter-identity systemassigned \
    --deadletter-identity-endpoint "$DATA_STORAGE_ID/blobServices/default/containers/$DEAD_LETTERS_CONTAINER" -o none
  say "Event Grid subscription $subscription made"
fi

# Who may ask: a function key, or with sign-in a token of whoever deploys, who then needs the app role operator.
if [ -n "${AUTH_CLIENT_ID:-}" ]; then
  BATCHKEEPER_TOKEN=$(az account get-access-token --resource "api://$AUTH_CLIENT_ID" --query accessToken -o tsv)
  export BATCHKEEPER_TOKEN
else
  retry 30 read_key functionKeys.default
  export BATCHKEEPER_KEY="$key"
fi
# Rights and the subscription take minutes to be in force everywhere, so what is not well is looked at again.
retry 6 npx --no-install batchkeeper doctor --probe --url "https://$FUNCTION_APP_HOST"
say "every check passed, and a probe came from storage over Event Grid into the ledger"
