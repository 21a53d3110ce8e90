// Containers, events and rights on the data account, be it new or somebody else's: what is here is added, nothing is changed.
param accountName string
param location string
param tags object
param topicName string
param containers object
param appPrincipalId string
param connectorPrincipalId string

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'
    resource drops 'containers' = { name: containers.drops }
    resource batches 'containers' = { name: containers.batches }
    resource results 'containers' = { name: containers.results }
    // Managed tables of the catalog and files of the model registry.
    resource tables 'containers' = { name: containers.tables }
    resource deadLetters 'containers' = { name: containers.deadLetters }
  }
}

// The subscription is made by a hook, as it needs the deployed function and its key.
resource topic 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: topicName
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: { source: account.id, topicType: 'Microsoft.Storage.StorageAccounts' }
}

var appDataRoles = [
  {
    role: 'Storage Blob Data Contributor'
    id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
    why: 'Function app: reads drops, copies them by user-delegation keys, writes batches and results.'
  }
  {
    role: 'Storage Queue Data Contributor'
    id: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
    why: 'Function app: queue of the blob trigger for events, and its poison queue.'
  }
  {
    role: 'Storage Table Data Contributor'
    id: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
    why: 'Function app: the ledger.'
  }
]
var delegatorRoles = [
  {
    role: 'Storage Blob Delegator'
    id: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
    why: 'Access connector: Unity Catalog signs short-lived access to the containers below.'
  }
]
var connectorRoles = [
  {
    role: 'Storage Blob Data Contributor'
    id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
    why: 'Access connector: notebooks read frozen batches, write outcomes, exports and tables. No right on drops.'
  }
]
var topicRoles = [
  {
    role: 'Storage Blob Data Contributor'
    id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
    why: 'Event Grid topic: writes events that could not be delivered, without an account key.'
  }
]

resource appDataAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in appDataRoles: {
    name: guid(account.id, appPrincipalId, item.id)
    scope: account
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource delegatorAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in delegatorRoles: {
    name: guid(account.id, connectorPrincipalId, item.id)
    scope: account
    properties: {
      principalId: connectorPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource batchesAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in connectorRoles: {
    name: guid(account::blobs::batches.id, connectorPrincipalId, item.id)
    scope: account::blobs::batches
    properties: {
      principalId: connectorPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource resultsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in connectorRoles: {
    name: guid(account::blobs::results.id, connectorPrincipalId, item.id)
    scope: account::blobs::results
    properties: {
      principalId: connectorPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource tablesAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in connectorRoles: {
    name: guid(account::blobs::tables.id, connectorPrincipalId, item.id)
    scope: account::blobs::tables
    properties: {
      principalId: connectorPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

resource deadLettersAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in topicRoles: {
    name: guid(account::blobs::deadLetters.id, topic.id, item.id)
    scope: account::blobs::deadLetters
    properties: {
      principalId: topic.identity.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

output topicName string = topic.name
