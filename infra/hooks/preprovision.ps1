# The provider of the app's subnet; the same as preprovision.sh, which says why.
Set-Location (Join-Path $PSScriptRoot '../..')
. ./infra/hooks/lib.ps1

if ($env:VNET_ENABLED -ne 'true') { exit 0 }
Need 'AZURE_SUBSCRIPTION_ID'
Need-Tool 'az'
Retry 3 { az provider register --namespace Microsoft.App --subscription $env:AZURE_SUBSCRIPTION_ID --wait }
Say 'provider Microsoft.App is registered'
