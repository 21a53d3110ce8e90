// Holds the one secret: what Databricks sends to the webhook.
param name string
param location string
param tags object
@secure()
param webhookPassword string
param appPrincipalId string
param deployerId string
param deployerType string
param isPrivate bool

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // No purge protection: it would keep the name for days after `azd down --purge`, and azd makes the one secret anew.
    softDeleteRetentionInDays: 7
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // Trusted services still pass: Azure Resource Manager writes the secret of a deployment.
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

resource webhookSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'databricks-webhook-password'
  properties: { value: webhookPassword, contentType: 'text/plain' }
}

var appVaultRoles = [
  {
    role: 'Key Vault Secrets User'
    id: '4633458b-17de-408a-b874-0445c86b69e6'
    why: 'Function app: resolves the setting DATABRICKS_WEBHOOK_PASSWORD.'
  }
]
var deployerVaultRoles = [
  {
    role: 'Key Vault Secrets User'
    id: '4633458b-17de-408a-b874-0445c86b69e6'
    why: 'Deployer: azd and the hooks read the webhook password back, so that it stays the same.'
  }
]

resource appVaultAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in appVaultRoles: {
    name: guid(vault.id, appPrincipalId, item.id)
    scope: vault
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource deployerVaultAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in deployerVaultRoles: {
    name: guid(vault.id, deployerId, item.id)
    scope: vault
    properties: {
      principalId: deployerId
      principalType: deployerType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

output id string = vault.id
output name string = vault.name
// Without a version: the app sees a new password after a restart.
output webhookSecretUri string = webhookSecret.properties.secretUri
