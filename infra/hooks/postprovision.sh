#!/bin/sh
# The workspace's part of the deployment. Every step looks first and makes what is missing: run it again as often as need be.
set -eu
cd "$(dirname "$0")/../.."
. infra/hooks/lib.sh

need AZURE_TENANT_ID AZURE_KEY_VAULT_NAME APP_CLIENT_ID ACCESS_CONNECTOR_ID DATA_STORAGE_NAME FUNCTION_APP_HOST \
  DATABRICKS_HOST DATABRICKS_AZURE_RESOURCE_ID DATABRICKS_CATALOG DATABRICKS_SCHEMA BATCHES_CONTAINER RESULTS_CONTAINER TABLES_CONTAINER
need_tool az databricks node
check_tenant
DATABRICKS_JOB_NAME_PREFIX=${DATABRICKS_JOB_NAME_PREFIX:-}
export DATABRICKS_HOST DATABRICKS_AZURE_RESOURCE_ID DATABRICKS_AUTH_TYPE="${DATABRICKS_AUTH_TYPE:-azure-cli}"
name="batchkeeper-$DATA_STORAGE_NAME"
compute=${DATABRICKS_COMPUTE:-pool}
target=${BUNDLE_TARGET:-prod}
case $compute in
  pool | shared | serverless) ;;
  existing) need DATABRICKS_CLUSTER_ID ;;
  *) fail "DATABRICKS_COMPUTE must be pool, shared, existing or serverless, not $compute" ;;
esac

# 1. The app's identity as a service principal of the workspace; an identity that is not there gets no token.
list=$(databricks service-principals list -o json) || fail "the service principals of $DATABRICKS_HOST cannot be listed: are you an admin of the workspace?"
principal=$(printf %s "$list" | pick applicationId "$APP_CLIENT_ID" id)
if [ -z "$principal" ]; then
  retry 6 databricks service-principals create --application-id "$APP_CLIENT_ID" --display-name "$name" >/dev/null
  say "service principal made"
fi

# Jobs of staging and prod run as it. Its maker may manage it, but not use it; so whoever deploys makes himself a user of it.
me=$(databricks current-user me -o json) || fail "$DATABRICKS_HOST does not know you"
me=$(printf %s "$me" | field userName)
grant_use() {
  case $me in *@*) user="users/$me" ;; *) user="servicePrincipals/$me" ;; esac
  account=$(databricks api get /.well-known/databricks-config) && account=$(printf %s "$account" | field account_id) || return 1
  rules=$(databricks api get "/api/2.0/preview/accounts/access-control/rule-sets?name=accounts/$account/servicePrincipals/$APP_CLIENT_ID/ruleSets/default&etag=") || return 1
  change=$(printf %s "$rules" | with_user "$user") || return 1
  [ -n "$change" ] || return 0
  databricks api put /api/2.0/preview/accounts/access-control/rule-sets --json "$change" >/dev/null || return 1
  say "$me may use the service principal"
}
# Whoever has the role from somebody else need not be able to read it: the deployment of the jobs tells.
if [ "$target" != dev ] && ! (retry 6 grant_use); then
  say "whether $me may use the service principal is unknown: if the jobs are refused, ask its manager for the role Service principal user"
fi

# 2. Unity Catalog's way to the containers. Drops have none: notebooks read frozen batches only.
ensure storage-credentials "$name" \
  --json "{\"name\":\"$name\",\"azure_managed_identity\":{\"access_connector_id\":\"$ACCESS_CONNECTOR_ID\"}}"
for container in "$BATCHES_CONTAINER" "$RESULTS_CONTAINER" "$TABLES_CONTAINER"; do
  ensure external-locations "$name-$container" \
    "$name-$container" "abfss://$container@$DATA_STORAGE_NAME.dfs.core.windows.net/" "$name"
done
ensure catalogs "$DATABRICKS_CATALOG" \
  "$DATABRICKS_CATALOG" --storage-root "abfss://$TABLES_CONTAINER@$DATA_STORAGE_NAME.dfs.core.windows.net/"
databricks grants update catalog "$DATABRICKS_CATALOG" \
  --json "{\"changes\":[{\"principal\":\"$APP_CLIENT_ID\",\"add\":[\"USE_CATALOG\"]}]}" >/dev/null

# 3. What the jobs run on. A pool has no idle machine by default: warmth is bought by DATABRICKS_POOL_IDLE.
pool=
bundle=.
access="{\"access_control_list\":[{\"service_principal_name\":\"$APP_CLIENT_ID\",\"permission_level\":\"CAN_ATTACH_TO\"}]}"
if [ "$compute" = pool ] || [ "$compute" = shared ]; then
  runtime=$(sed -n 's/^ *spark_version: *//p' databricks.yml)
  list=$(databricks instance-pools list -o json)
  pool=$(printf %s "$list" | pick instance_pool_name "$name" instance_pool_id)
  if [ -z "$pool" ]; then
    databricks instance-pools create --json "{\"instance_pool_name\":\"$name\",\"node_type_id\":\"${DATABRICKS_NODE_TYPE:-Standard_D4ds_v5}\",\"min_idle_instances\":${DATABRICKS_POOL_IDLE:-0},\"idle_instance_autotermination_minutes\":20,\"preloaded_spark_versions\":[\"$runtime\"]}" >/dev/null
    pool=$(databricks instance-pools list -o json | pick instance_pool_name "$name" instance_pool_id)
    say "instance pool $pool made"
  fi
  databricks permissions update instance-pools "$pool" --json "$access" >/dev/null
elif [ "$compute" = existing ]; then
  databricks permissions update clusters "$DATABRICKS_CLUSTER_ID" --json "$access" >/dev/null
fi
if [ "$compute" != pool ]; then bundle=$(node scripts/bundle.mjs --compute "$compute"); fi

# 4. Where Databricks tells of ended runs. It is set each time, since the service never shows the password it has.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
retry 6 az keyvault secret show --vault-name "$AZURE_KEY_VAULT_NAME" --name databricks-webhook-password --query value -o tsv >"$folder/password"
BK_NAME=$name BK_URL="https://$FUNCTION_APP_HOST/api/databricks/webhook" node -e '
  const password = require("node:fs").readFileSync(0, "utf8").trim();
  const { BK_NAME: display_name, BK_URL: url } = process.env;
  const generic_webhook = { url, username: "databricks", password };
  process.stdout.write(JSON.stringify({ display_name, config: { generic_webhook } }));
' <"$folder/password" >"$folder/destination.json"
list=$(databricks notification-destinations list -o json)
destination=$(printf %s "$list" | pick display_name "$name" id)
if [ -z "$destination" ]; then
  databricks notification-destinations create --json "@$folder/destination.json" >/dev/null
  destination=$(databricks notification-destinations list -o json | pick display_name "$name" id)
  say "notification destination $destination made"
else
  databricks notification-destinations update "$destination" --json "@$folder/destination.json" >/dev/null
fi

# 5. Schema, volumes, model and jobs.
root=${BUNDLE_FOLDER:-/Workspace/Users/$me}
export BUNDLE_VAR_root_folder="$root" BUNDLE_VAR_catalog="$DATABRICKS_CATALOG" BUNDLE_VAR_schema="$DATABRICKS_SCHEMA" BUNDLE_VAR_app_client_id="$APP_CLIENT_ID" \
  BUNDLE_VAR_job_name_prefix="$DATABRICKS_JOB_NAME_PREFIX" \
  BUNDLE_VAR_instance_pool_id="$pool" BUNDLE_VAR_existing_cluster_id="${DATABRICKS_CLUSTER_ID:-}" \
  BUNDLE_VAR_notification_destination_id="$destination" \
  BUNDLE_VAR_batches_url="abfss://$BATCHES_CONTAINER@$DATA_STORAGE_NAME.dfs.core.windows.net/" \
  BUNDLE_VAR_results_url="abfss://$RESULTS_CONTAINER@$DATA_STORAGE_NAME.dfs.core.windows.net/"
cd "$bundle"
retry 3 databricks bundle deploy -t "$target"
say "bundle deployed to target $target, jobs on $compute"

# 6. What the jobs of staging and prod need, which run as the app's identity: to read their notebooks, and the models. Only its owner adds versions to a model and moves its aliases.
if [ "$target" != dev ]; then
  # The folder is that of whoever deploys: the jobs may read it, and only he and admins may change it.
  place=$(databricks workspace get-status "$root/.bundle/batchkeeper/$target" -o json)
  databricks permissions update directories "$(printf %s "$place" | field object_id)" \
    --json "{\"access_control_list\":[{\"service_principal_name\":\"$APP_CLIENT_ID\",\"permission_level\":\"CAN_READ\"}]}" >/dev/null
  list=$(databricks registered-models list --catalog-name "$DATABRICKS_CATALOG" --schema-name "$DATABRICKS_SCHEMA" -o json)
  printf %s "$list" | others owner "$APP_CLIENT_ID" full_name | while read -r model; do
    retry 3 databricks registered-models update "$model" --owner "$APP_CLIENT_ID" >/dev/null
    say "model $model given to the app"
  done
fi
