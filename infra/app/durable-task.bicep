// Durable Task Scheduler instead of Azure Storage. State does not move from one to the other: a change means a new app.
param token string
param location string
param tags object
param appPrincipalId string
param deployerId string
param deployerType string

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: 'dts-${token}'
  location: location
  tags: tags
  // Any address, with a network as well: the scheduler has no endpoint in it here, and each call needs an Entra token with the role below.
  properties: { ipAllowlist: ['0.0.0.0/0'], sku: { name: 'Consumption' } }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: 'bk${token}'
}

var appSchedulerRoles = [
  {
    role: 'Durable Task Data Contributor'
    id: '0ad04412-c4d5-4796-b79c-f76d14c8d402'
    why: 'Function app: its orchestrations, when the scheduler keeps them.'
  }
]
var deployerSchedulerRoles = [
  {
    role: 'Durable Task Data Contributor'
    id: '0ad04412-c4d5-4796-b79c-f76d14c8d402'
    why: 'Deployer: the dashboard of the scheduler.'
  }
]

resource appSchedulerAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in appSchedulerRoles: {
    name: guid(scheduler.id, appPrincipalId, item.id)
    scope: scheduler
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource deployerSchedulerAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in deployerSchedulerRoles: {
    name: guid(scheduler.id, deployerId, item.id)
    scope: scheduler
    properties: {
      principalId: deployerId
      principalType: deployerType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

output endpoint string = scheduler.properties.endpoint
output taskHub string = hub.name
