// One network: a subnet for the app, one for private endpoints, two for Databricks clusters, which leave by a NAT gateway.
param token string
param location string
param tags object

// Databricks writes these rules into the group and guards them by an intent policy: a second deployment without them is refused
// (ConflictWithNetworkIntentPolicy). They are those of a workspace without public addresses.
var databricksRules = [
  { name: 'worker-to-worker-inbound', direction: 'Inbound', priority: 100, protocol: '*', target: 'VirtualNetwork', port: '*', ports: [] }
  { name: 'worker-to-databricks-webapp', direction: 'Outbound', priority: 100, protocol: 'Tcp', target: 'AzureDatabricks', port: null, ports: ['443', '3306', '8443-8451'] }
  { name: 'worker-to-sql', direction: 'Outbound', priority: 101, protocol: 'Tcp', target: 'Sql', port: '3306', ports: [] }
  { name: 'worker-to-storage', direction: 'Outbound', priority: 102, protocol: 'Tcp', target: 'Storage', port: '443', ports: [] }
  { name: 'worker-to-worker-outbound', direction: 'Outbound', priority: 103, protocol: '*', target: 'VirtualNetwork', port: '*', ports: [] }
  { name: 'worker-to-eventhub', direction: 'Outbound', priority: 104, protocol: 'Tcp', target: 'EventHub', port: '9093', ports: [] }
]

resource clusterRules 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg-dbw-${token}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      for rule in databricksRules: {
        name: 'Microsoft.Databricks-workspaces_UseOnly_databricks-${rule.name}'
        properties: {
          direction: rule.direction
          access: 'Allow'
          priority: rule.priority
          protocol: rule.protocol
          sourceAddressPrefix: 'VirtualNetwork'
          sourcePortRange: '*'
          destinationAddressPrefix: rule.target
          destinationPortRange: rule.port
          destinationPortRanges: rule.ports
        }
      }
    ]
  }
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
