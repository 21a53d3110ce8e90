// The workspace, and the identity by which Unity Catalog reaches the data account. Premium: Unity Catalog and job permissions need it.
param token string
param location string
param tags object
param makeWorkspace bool
@description('networkId, publicSubnet and privateSubnet for clusters in an own network; {} for the managed one.')
param network object

var inNetwork = !empty(network)

resource connector 'Microsoft.Databricks/accessConnectors@2024-05-01' = {
  name: 'dbac-${token}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {}
}

resource workspace 'Microsoft.Databricks/workspaces@2024-05-01' = if (makeWorkspace) {
  name: 'dbw-${token}'
  location: location
  tags: tags
  sku: { name: 'premium' }
  properties: {
    managedResourceGroupId: subscriptionResourceId('Microsoft.Resources/resourceGroups', 'rg-dbw-${token}-managed')
    // The control plane stays reachable: the function app and whoever deploys call it.
    publicNetworkAccess: 'Enabled'
    // AllRules: clusters reach the control plane over its public address, not over a back-end private link.
    requiredNsgRules: 'AllRules'
    parameters: union(
      { enableNoPublicIp: { value: true } },
      inNetwork
        ? {
            customVirtualNetworkId: { value: network.networkId }
            customPublicSubnetName: { value: network.publicSubnet }
            customPrivateSubnetName: { value: network.privateSubnet }
          }
        : {}
    )
  }
}

output connectorId string = connector.id
output connectorPrincipalId string = connector.identity.principalId
output workspaceId string = makeWorkspace ? workspace.id : ''
output workspaceUrl string = makeWorkspace ? workspace!.properties.workspaceUrl : ''
