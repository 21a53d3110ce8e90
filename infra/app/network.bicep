// One network: a subnet for the app, one for private endpoints, two for Databricks clusters, which leave by a NAT gateway.
param token string
param location string
param tags object

resource clusterRules 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-dbw-${token}'
  location: location
  tags: tags
}

resource address 'Microsoft.Network/publicIPAddresses@2024-05-01' = {
  name: 'pip-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

// Clusters have no public address, but fetch libraries and reach the control plane.
resource gateway 'Microsoft.Network/natGateways@2024-05-01' = {
  name: 'ng-${token}'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: address.id }] }
}

var clusterSubnet = {
  natGateway: { id: gateway.id }
  networkSecurityGroup: { id: clusterRules.id }
  delegations: [{ name: 'databricks', properties: { serviceName: 'Microsoft.Databricks/workspaces' } }]
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: 'vnet-${token}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: '10.0.0.0/24'
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      { name: 'endpoints', properties: { addressPrefix: '10.0.1.0/24' } }
      { name: 'databricks-public', properties: union(clusterSubnet, { addressPrefix: '10.0.16.0/22' }) }
      { name: 'databricks-private', properties: union(clusterSubnet, { addressPrefix: '10.0.20.0/22' }) }
    ]
  }

  resource app 'subnets' existing = { name: 'app' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

output id string = network.id
output appSubnetId string = network::app.id
output endpointsSubnetId string = network::endpoints.id
output databricks object = {
  networkId: network.id
  publicSubnet: 'databricks-public'
  privateSubnet: 'databricks-private'
}
