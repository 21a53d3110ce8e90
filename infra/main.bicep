// Everything in Azure. Plain resources and local modules only: it compiles without a network.
// What each role is for stands in its `why`; docs/deploy.md has the same table. The workspace's own part is in infra/hooks.
targetScope = 'subscription'

@description('Name of the azd environment; part of every resource name.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources; must offer Flex Consumption.')
param location string

@description('Object id of whoever deploys; the hooks read the webhook password with it.')
param principalId string

@allowed(['User', 'ServicePrincipal'])
param principalType string = 'User'

@description('Owner of ledger and idempotency tokens. Empty: made from subscription, environment and region. Set it to take over a restored ledger.')
param deploymentId string = ''

@description('Password of the Databricks webhook, 12 characters or more. azd makes it once and reads it back from Key Vault.')
@minLength(12)
@secure()
param webhookPassword string

@description('Unity Catalog catalog and schema of all tables, volumes and the model.')
param databricksCatalog string = 'batchkeeper'
param databricksSchema string = 'batchkeeper'

@description('Put before every job name, such as the development prefix of the bundle.')
param databricksJobNamePrefix string = ''

@description('What the jobs run on. The hook deploys it; the app has to know only whether the steps of a pipeline share a run.')
@allowed(['pool', 'shared', 'existing', 'serverless'])
param databricksCompute string = 'pool'

@description('Resource id of a Databricks workspace to use. Empty: a new one.')
param existingWorkspaceId string = ''

@description('Resource id of a storage account with hierarchical namespace to use for drops, batches and results. Empty: a new one.')
param existingDataStorageId string = ''

@description('Own network: storage and Key Vault behind private endpoints, Databricks clusters in its subnets.')
param vnetEnabled bool = false

@description('Where Durable Functions keeps its state.')
@allowed(['storage', 'scheduler'])
param durableBackend string = 'storage'

@description('Client id of an app registration for sign-in with Entra. Empty: function keys alone.')
param authClientId string = ''

@description('Who is told by the alert rules and the budget. Empty: nobody, alerts show in the portal.')
param alertEmail string = ''

@description('Budget of the resource group per month, in the currency of the subscription. 0: none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month in which the budget begins, yyyy-MM-01. It cannot be changed later. Needed with a budget.')
param budgetStart string = ''

@description('Days that frozen batches are kept.')
@minValue(30)
param retentionDays int = 365

@description('Databricks calls in a second, all processes together.')
@minValue(1)
@maxValue(100)
param requestsPerSecond int = 10

@description('Told of every finished run. Empty: nobody.')
param notificationWebhookUrl string = ''

@description('Form of the notifications.')
@allowed(['json', 'cloudevents', 'teams', 'slack'])
param notificationFormat string = 'json'

@description('Which operations agents have as MCP tools: none, read (those that change nothing) or all.')
@allowed(['none', 'read', 'all'])
param mcpTools string = 'read'

@description('What is told: all, or some of ended, failed, recovered, late, missed, gate_refused, drift, quarantine, with commas between.')
param notificationTopics string = 'all'

@description('Takes OpenLineage events of every run; empty = nobody does.')
param openLineageUrl string = ''

@description('Takes a trace of every run by OTLP over HTTP (JSON), such as a collector; empty = nobody does.')
param otlpEndpoint string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var deployment = empty(deploymentId) ? 'bk-${token}' : deploymentId
var containers = { drops: 'drops', batches: 'batches', results: 'results', tables: 'tables', deadLetters: 'deadletters' }
var newWorkspace = empty(existingWorkspaceId)
var newDataStorage = empty(existingDataStorageId)

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: { name: 'id-${token}', location: location, tags: tags }
}

module network 'app/network.bicep' = if (vnetEnabled) {
  scope: group
  params: { token: token, location: location, tags: tags }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: { token: token, location: location, tags: tags, appPrincipalId: identity.outputs.principalId }
}

module keyVault 'app/key-vault.bicep' = {
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    webhookPassword: webhookPassword
    appPrincipalId: identity.outputs.principalId
    deployerId: principalId
    deployerType: principalType
    isPrivate: vnetEnabled
  }
}

module hostStorage 'app/host-storage.bicep' = {
  scope: group
  params: {
    name: 'sthost${token}'
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    isPrivate: vnetEnabled
  }
}

module newStorage 'app/data-storage.bicep' = if (newDataStorage) {
  scope: group
  params: {
    name: 'stdata${token}'
    location: location
    tags: tags
    batchesContainer: containers.batches
    deadLettersContainer: containers.deadLetters
    retentionDays: retentionDays
    isPrivate: vnetEnabled
  }
}

module databricks 'app/databricks.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    makeWorkspace: newWorkspace
    network: vnetEnabled ? network!.outputs.databricks : {}
  }
}

// A workspace of somebody else stays as it is; only its address is read.
var workspaceParts = split(newWorkspace ? '/subscriptions/${subscription().subscriptionId}/resourceGroups/none/a/b/c/none' : existingWorkspaceId, '/')

resource existingWorkspace 'Microsoft.Databricks/workspaces@2024-05-01' existing = if (!newWorkspace) {
  name: workspaceParts[8]
  scope: resourceGroup(workspaceParts[2], workspaceParts[4])
}

var dataStorageId = newDataStorage ? newStorage!.outputs.id : existingDataStorageId
var storageParts = split(newDataStorage ? '/subscriptions/${subscription().subscriptionId}/resourceGroups/${group.name}/a/b/c/stdata${token}' : existingDataStorageId, '/')
var dataStorageName = storageParts[8]

module data 'app/data-access.bicep' = {
  scope: resourceGroup(storageParts[2], storageParts[4])
  params: {
    accountName: newDataStorage ? newStorage!.outputs.name : dataStorageName
    location: location
    tags: tags
    topicName: 'evgt-${token}'
    containers: containers
    appPrincipalId: identity.outputs.principalId
    connectorPrincipalId: databricks.outputs.connectorPrincipalId
  }
}

module durableTask 'app/durable-task.bicep' = if (durableBackend == 'scheduler') {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    appPrincipalId: identity.outputs.principalId
    deployerId: principalId
    deployerType: principalType
  }
}

module endpoints 'app/private-endpoints.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    location: location
    tags: tags
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    hostStorageId: hostStorage.outputs.id
    dataStorageId: dataStorageId
    keyVaultId: keyVault.outputs.id
  }
}

module app 'app/function-app.bicep' = {
  scope: group
  // The host starts with these rights and endpoints or not at all.
  dependsOn: [data, endpoints]
  params: {
    name: 'func-${token}'
    location: location
    tags: union(tags, { 'azd-service-name': 'app' })
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostStorageName: hostStorage.outputs.name
    packageContainer: hostStorage.outputs.packageContainer
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
    authClientId: authClientId
    schedulerEndpoint: durableBackend == 'scheduler' ? durableTask!.outputs.endpoint : ''
    settings: {
      DEPLOYMENT_ID: deployment
      TASK_HUB: durableBackend == 'scheduler' ? durableTask!.outputs.taskHub : 'bk${token}'
      DATA_STORAGE__blobServiceUri: 'https://${dataStorageName}.blob.${environment().suffixes.storage}'
      DATA_STORAGE__queueServiceUri: 'https://${dataStorageName}.queue.${environment().suffixes.storage}'
      DATA_STORAGE__tableServiceUri: 'https://${dataStorageName}.table.${environment().suffixes.storage}'
      DATA_STORAGE__credential: 'managedidentity'
      DATA_STORAGE__clientId: identity.outputs.clientId
      BATCHES_CONTAINER: containers.batches
      RESULTS_CONTAINER: containers.results
      LEDGER_TABLE_PREFIX: 'batchkeeper'
      DATABRICKS_HOST: 'https://${newWorkspace ? databricks.outputs.workspaceUrl : existingWorkspace!.properties.workspaceUrl}'
      DATABRICKS_AUTH: 'managedIdentity'
      DATABRICKS_AZURE_CLIENT_ID: identity.outputs.clientId
      DATABRICKS_CATALOG: databricksCatalog
      DATABRICKS_SCHEMA: databricksSchema
      DATABRICKS_VOLUME_ROOT: '/Volumes/${databricksCatalog}/${databricksSchema}'
      DATABRICKS_JOB_NAME_PREFIX: databricksJobNamePrefix
      DATABRICKS_RUNS: databricksCompute == 'shared' ? 'pipeline' : 'step'
      DATABRICKS_WEBHOOK_USER: 'databricks'
      DATABRICKS_WEBHOOK_PASSWORD: '@Microsoft.KeyVault(SecretUri=${keyVault.outputs.webhookSecretUri})'
      MCP_TOOLS: mcpTools
      API_AUTH: empty(authClientId) ? 'keys' : 'easyAuth'
      REQUESTS_PER_SECOND: string(requestsPerSecond)
      NOTIFICATION_WEBHOOK_URL: notificationWebhookUrl
      NOTIFICATION_FORMAT: notificationFormat
      NOTIFICATION_TOPICS: notificationTopics
      OPENLINEAGE_URL: openLineageUrl
      OTLP_ENDPOINT: otlpEndpoint
    }
  }
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: { location: location, tags: tags, insightsId: monitoring.outputs.insightsId, email: alertEmail }
}

module workbook 'app/workbook.bicep' = {
  scope: group
  params: { location: location, tags: tags, insightsId: monitoring.outputs.insightsId }
}

module budget 'app/budget.bicep' = if (monthlyBudget > 0) {
  scope: group
  params: { amount: monthlyBudget, startDate: empty(budgetStart) ? fail('BUDGET_START is missing: set it to yyyy-MM-01, since MONTHLY_BUDGET is set.') : budgetStart, email: alertEmail }
}

// The hooks read these from the azd environment.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_KEY_VAULT_NAME string = keyVault.outputs.name
output FUNCTION_APP_NAME string = app.outputs.name
output FUNCTION_APP_HOST string = app.outputs.hostName
output APP_CLIENT_ID string = identity.outputs.clientId
output ACCESS_CONNECTOR_ID string = databricks.outputs.connectorId
output DATA_STORAGE_NAME string = dataStorageName
output DATA_STORAGE_ID string = dataStorageId
output DATA_STORAGE_RESOURCE_GROUP string = storageParts[4]
output EVENT_GRID_TOPIC string = data.outputs.topicName
output DATABRICKS_HOST string = 'https://${newWorkspace ? databricks.outputs.workspaceUrl : existingWorkspace!.properties.workspaceUrl}'
// By its name the Databricks CLI proves a role in Azure: the first call of an Owner or Contributor makes him an admin of a new workspace.
output DATABRICKS_AZURE_RESOURCE_ID string = newWorkspace ? databricks.outputs.workspaceId : existingWorkspaceId
output DROPS_CONTAINER string = containers.drops
output BATCHES_CONTAINER string = containers.batches
output RESULTS_CONTAINER string = containers.results
output TABLES_CONTAINER string = containers.tables
output DEAD_LETTERS_CONTAINER string = containers.deadLetters
output DATABRICKS_CATALOG string = databricksCatalog
output DATABRICKS_SCHEMA string = databricksSchema
