# Event Grid to the deployed blob trigger, then the doctor; the same steps as postdeploy.sh, which says why.
Set-Location (Join-Path $PSScriptRoot '../..')
. ./infra/hooks/lib.ps1

Need 'AZURE_TENANT_ID', 'AZURE_RESOURCE_GROUP', 'FUNCTION_APP_NAME', 'FUNCTION_APP_HOST', 'DATA_STORAGE_ID', 'DATA_STORAGE_RESOURCE_GROUP',
  'EVENT_GRID_TOPIC', 'DROPS_CONTAINER', 'DEAD_LETTERS_CONTAINER'
Need-Tool 'az', 'npx'
Check-Tenant

function Read-Key([string] $Query) {
  Retry 30 {
    $key = az functionapp keys list -g $env:AZURE_RESOURCE_GROUP -n $env:FUNCTION_APP_NAME --query $Query -o tsv
    if (-not $key) { throw "no key $Query yet" }
    $key
  }
}
$key = Read-Key 'systemKeys.blobs_extension'
$subscription = "batchkeeper-$($env:DROPS_CONTAINER)"
$endpoint = "https://$($env:FUNCTION_APP_HOST)/runtime/webhooks/blobs?functionName=Host.Functions.dropReceived-$($env:DROPS_CONTAINER)&code=$key"
# On Windows az is a script of cmd, which ends a command at a bare &.
$given = if ($IsWindows) { "`"$endpoint`"" } else { $endpoint }
$common = @('-g', $env:DATA_STORAGE_RESOURCE_GROUP, '--system-topic-name', $env:EVENT_GRID_TOPIC, '-n', $subscription)
$current = & az eventgrid system-topic event-subscription show @common --include-full-endpoint-url true --query destination.endpointUrl -o tsv 2>$null
if ($current -eq $endpoint) {
  Say "Event Grid subscription $subscription is there"
} else {
  Retry 6 {
    az eventgrid system-topic event-subscription create @common --endpoint-type webhook --endpoint $given `
      --included-event-types Microsoft.Storage.BlobCreated `
      --subject-begins-with "/blobServices/default/containers/$($env:DROPS_CONTAINER)/" `
      --advanced-filter data.api StringIn PutBlob PutBlockList CopyBlob FlushWithClose `
      --deadletter-identity systemassigned `
      --deadletter-identity-endpoint "$($env:DATA_STORAGE_ID)/blobServices/default/containers/$($env:DEAD_LETTERS_CONTAINER)" -o none
  }
  Say "Event Grid subscription $subscription made"
}

if ($env:AUTH_CLIENT_ID) {
  $env:BATCHKEEPER_TOKEN = Invoke-Tool { az account get-access-token --resource "api://$($env:AUTH_CLIENT_ID)" --query accessToken -o tsv }
} else {
  $env:BATCHKEEPER_KEY = Read-Key 'functionKeys.default'
}
# To the host: what a failed command writes to the pipe is lost, and the doctor's table says what failed.
Retry 6 { npx --no-install batchkeeper doctor --probe --url "https://$($env:FUNCTION_APP_HOST)" | Out-Host }
Say 'every check passed, and a probe came from storage over Event Grid into the ledger'
