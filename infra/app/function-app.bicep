// The function app on Flex Consumption. Its settings are those of src/config and host.json, which test/unit/infra compares.
param name string
param location string
param tags object
param identityId string
param identityClientId string
param hostStorageName string
param packageContainer string
param insightsConnectionString string
@description('Subnet of the app; empty for none.')
param subnetId string
@description('Client id for sign-in with Entra; empty for function keys alone.')
param authClientId string
@description('Endpoint of Durable Task Scheduler; empty for Azure Storage.')
param schedulerEndpoint string
@description('Settings by name; empty ones are left out.')
param settings object

var suffix = environment().suffixes.storage
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: 'https://${hostStorageName}.blob.${suffix}'
  AzureWebJobsStorage__queueServiceUri: 'https://${hostStorageName}.queue.${suffix}'
  AzureWebJobsStorage__tableServiceUri: 'https://${hostStorageName}.table.${suffix}'
  // The console lies at the root, where the host would show a page of its own.
  AzureWebJobsDisableHomepage: 'true'
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}
// What host.json says of Azure Storage is overridden, so that one package serves both backends.
var schedulerSettings = {
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
  AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId}'
}
var allSettings = union(hostSettings, settings, empty(schedulerEndpoint) ? {} : schedulerSettings)
var setSettings = filter(items(allSettings), item => !empty(item.value))

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: [for item in setSettings: { name: item.key, value: item.value }]
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'node', version: '24' }
      // A few runs a night: the bound keeps a storm of events from becoming a storm of instances.
      // 2048 MB, the platform's default size: nothing here needs more than a Node process.
      scaleAndConcurrency: { instanceMemoryMB: 2048, maximumInstanceCount: 40 }
    }
  }

  // No user names and passwords for deployment: azd and GitHub sign in with Entra.
  resource basicAuth 'basicPublishingCredentialsPolicies' = [
    for kind in ['ftp', 'scm']: {
      name: kind
      properties: { allow: false }
    }
  ]
}

resource signIn 'Microsoft.Web/sites/config@2024-04-01' = if (!empty(authClientId)) {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      // A browser that opens the console is led to the sign-in. The console's own calls and the command say that they are programs
      // (X-Requested-With), and get 401.
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      // Event Grid brings a system key, Databricks a password, and whoever asks whether the app lives nothing: none signs in.
      excludedPaths: ['/runtime/webhooks/blobs', '/api/databricks/webhook', '/api/health/live']
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: authClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: { allowedAudiences: ['api://${authClientId}', authClientId] }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}

output name string = site.name
output hostName string = site.properties.defaultHostName
