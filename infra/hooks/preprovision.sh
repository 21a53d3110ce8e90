#!/bin/sh
# With a network of its own, the app's subnet is delegated to Microsoft.App, which new subscriptions do not know and Bicep cannot register.
set -eu
cd "$(dirname "$0")/../.."
. infra/hooks/lib.sh

[ "${VNET_ENABLED:-false}" = true ] || exit 0
need AZURE_SUBSCRIPTION_ID
need_tool az
retry 3 az provider register --namespace Microsoft.App --subscription "$AZURE_SUBSCRIPTION_ID" --wait
say "provider Microsoft.App is registered"
