# The workspace's part of the deployment; the same steps as postprovision.sh, which says why.
Set-Location (Join-Path $PSScriptRoot '../..')
. ./infra/hooks/lib.ps1

Need 'AZURE_TENANT_ID', 'AZURE_KEY_VAULT_NAME', 'APP_CLIENT_ID', 'ACCESS_CONNECTOR_ID', 'DATA_STORAGE_NAME', 'FUNCTION_APP_HOST',
  'DATABRICKS_HOST', 'DATABRICKS_AZURE_RESOURCE_ID', 'DATABRICKS_CATALOG', 'DATABRICKS_SCHEMA', 'BATCHES_CONTAINER', 'RESULTS_CONTAINER', 'TABLES_CONTAINER'
Need-Tool 'az', 'databricks', 'node'
Check-Tenant
if (-not $env:DATABRICKS_AUTH_TYPE) { $env:DATABRICKS_AUTH_TYPE = 'azure-cli' }
$target = if ($env:BUNDLE_TARGET) { $env:BUNDLE_TARGET } else { 'prod' }
$name = "batchkeeper-$($env:DATA_STORAGE_NAME)"
$compute = if ($env:DATABRICKS_COMPUTE) { $env:DATABRICKS_COMPUTE } else { 'pool' }
if ($compute -notin 'pool', 'shared', 'existing', 'serverless') { Fail "DATABRICKS_COMPUTE must be pool, shared, existing or serverless, not $compute" }
if ($compute -eq 'existing') { Need 'DATABRICKS_CLUSTER_ID' }
function Url([string] $Container) { "abfss://$Container@$($env:DATA_STORAGE_NAME).dfs.core.windows.net/" }
function Json($Value) { ConvertTo-Json $Value -Depth 9 -Compress }

# 1. Service principal
$principals = Invoke-Tool { databricks service-principals list -o json } | ConvertFrom-Json
if (-not ($principals | Where-Object applicationId -EQ $env:APP_CLIENT_ID)) {
  Retry 6 { databricks service-principals create --application-id $env:APP_CLIENT_ID --display-name $name } | Out-Null
  Say 'service principal made'
}

$me = (Invoke-Tool { databricks current-user me -o json } | ConvertFrom-Json).userName
$user = if ($me -match '@') { "users/$me" } else { "servicePrincipals/$me" }
$role = 'roles/servicePrincipal.user'
if ($target -ne 'dev') {
  try {
    Retry 6 {
      $account = (Invoke-Tool { databricks api get /.well-known/databricks-config } | ConvertFrom-Json).account_id
      $place = "accounts/$account/servicePrincipals/$($env:APP_CLIENT_ID)/ruleSets/default"
      $set = Invoke-Tool { databricks api get "/api/2.0/preview/accounts/access-control/rule-sets?name=$place&etag=" } | ConvertFrom-Json
      $old = @($set.grant_rules | Where-Object { $_ })
      $users = @($old | Where-Object role -EQ $role | ForEach-Object { $_.principals })
      if ($user -notin $users) {
        $grants = @($old | Where-Object role -NE $role) + @(@{ principals = $users + @($user); role = $role })
        $change = Json @{ name = $set.name; rule_set = @{ name = $set.name; etag = $set.etag; grant_rules = $grants } }
        Invoke-Tool { databricks api put /api/2.0/preview/accounts/access-control/rule-sets --json $change } | Out-Null
        Say "$me may use the service principal"
      }
    }
  } catch {
    Say "whether $me may use the service principal is unknown: if the jobs are refused, ask its manager for the role Service principal user"
  }
}

# 2. Unity Catalog
Ensure 'storage-credentials' $name @('--json', (Json @{ name = $name; azure_managed_identity = @{ access_connector_id = $env:ACCESS_CONNECTOR_ID } }))
foreach ($container in $env:BATCHES_CONTAINER, $env:RESULTS_CONTAINER, $env:TABLES_CONTAINER) {
  Ensure 'external-locations' "$name-$container" @("$name-$container", (Url $container), $name)
}
Ensure 'catalogs' $env:DATABRICKS_CATALOG @($env:DATABRICKS_CATALOG, '--storage-root', (Url $env:TABLES_CONTAINER))
$grant = Json @{ changes = @(@{ principal = $env:APP_CLIENT_ID; add = @('USE_CATALOG') }) }
Invoke-Tool { databricks grants update catalog $env:DATABRICKS_CATALOG --json $grant } | Out-Null

# 3. Compute
$pool = ''
$bundle = '.'
$access = Json @{ access_control_list = @(@{ service_principal_name = $env:APP_CLIENT_ID; permission_level = 'CAN_ATTACH_TO' }) }
function Find-Pool { (Invoke-Tool { databricks instance-pools list -o json } | ConvertFrom-Json | Where-Object instance_pool_name -EQ $name).instance_pool_id }
if ($compute -in 'pool', 'shared') {
  $pool = Find-Pool
  if (-not $pool) {
    $node = if ($env:DATABRICKS_NODE_TYPE) { $env:DATABRICKS_NODE_TYPE } else { 'Standard_D4ds_v5' }
    $idle = if ($env:DATABRICKS_POOL_IDLE) { [int] $env:DATABRICKS_POOL_IDLE } else { 0 }
    $runtime = (Select-String -Path databricks.yml -Pattern 'spark_version: (\S+)').Matches[0].Groups[1].Value
    $spec = Json @{ instance_pool_name = $name; node_type_id = $node; min_idle_instances = $idle; idle_instance_autotermination_minutes = 20; preloaded_spark_versions = @($runtime) }
    Invoke-Tool { databricks instance-pools create --json $spec } | Out-Null
    $pool = Find-Pool
    Say "instance pool $pool made"
  }
  Invoke-Tool { databricks permissions update instance-pools $pool --json $access } | Out-Null
} elseif ($compute -eq 'existing') {
  Invoke-Tool { databricks permissions update clusters $env:DATABRICKS_CLUSTER_ID --json $access } | Out-Null
}
if ($compute -ne 'pool') { $bundle = Invoke-Tool { node scripts/bundle.mjs --compute $compute } }

# 4. Notification destination
$password = Retry 6 { az keyvault secret show --vault-name $env:AZURE_KEY_VAULT_NAME --name databricks-webhook-password --query value -o tsv }
$file = New-TemporaryFile
try {
  $webhook = @{ url = "https://$($env:FUNCTION_APP_HOST)/api/databricks/webhook"; username = 'databricks'; password = $password }
  Set-Content $file (Json @{ display_name = $name; config = @{ generic_webhook = $webhook } })
  function Find-Destination { (Invoke-Tool { databricks notification-destinations list -o json } | ConvertFrom-Json | Where-Object display_name -EQ $name).id }
  $destination = Find-Destination
  if (-not $destination) {
    Invoke-Tool { databricks notification-destinations create --json "@$file" } | Out-Null
    $destination = Find-Destination
    Say "notification destination $destination made"
  } else {
    Invoke-Tool { databricks notification-destinations update $destination --json "@$file" } | Out-Null
  }
} finally { Remove-Item $file }

# 5. Bundle
$root = if ($env:BUNDLE_FOLDER) { $env:BUNDLE_FOLDER } else { "/Workspace/Users/$me" }
$env:BUNDLE_VAR_root_folder = $root
$env:BUNDLE_VAR_catalog = $env:DATABRICKS_CATALOG
$env:BUNDLE_VAR_schema = $env:DATABRICKS_SCHEMA
$env:BUNDLE_VAR_job_name_prefix = $env:DATABRICKS_JOB_NAME_PREFIX
$env:BUNDLE_VAR_app_client_id = $env:APP_CLIENT_ID
$env:BUNDLE_VAR_instance_pool_id = $pool
$env:BUNDLE_VAR_existing_cluster_id = $env:DATABRICKS_CLUSTER_ID
$env:BUNDLE_VAR_notification_destination_id = $destination
$env:BUNDLE_VAR_batches_url = Url $env:BATCHES_CONTAINER
$env:BUNDLE_VAR_results_url = Url $env:RESULTS_CONTAINER
Set-Location $bundle
Retry 3 { databricks bundle deploy -t $target }
Say "bundle deployed to target $target, jobs on $compute"

# 6. Notebooks and models
if ($target -ne 'dev') {
  $id = (Invoke-Tool { databricks workspace get-status "$root/.bundle/batchkeeper/$target" -o json } | ConvertFrom-Json).object_id
  $readers = Json @{ access_control_list = @(@{ service_principal_name = $env:APP_CLIENT_ID; permission_level = 'CAN_READ' }) }
  Invoke-Tool { databricks permissions update directories $id --json $readers } | Out-Null
  $models = Invoke-Tool { databricks registered-models list --catalog-name $env:DATABRICKS_CATALOG --schema-name $env:DATABRICKS_SCHEMA -o json } | ConvertFrom-Json
  foreach ($model in $models | Where-Object owner -NE $env:APP_CLIENT_ID) {
    Retry 3 { databricks registered-models update $model.full_name --owner $env:APP_CLIENT_ID } | Out-Null
    Say "model $($model.full_name) given to the app"
  }
}
