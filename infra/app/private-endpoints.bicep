// Storage and Key Vault inside the network. An endpoint for each service that is used, with the zone that resolves it.
param location string
param tags object
param networkId string
param subnetId string
param hostStorageId string
param dataStorageId string
param keyVaultId string

var storageSuffix = environment().suffixes.storage
var vaultZone = 'privatelink${replace(environment().suffixes.keyvaultDns, 'vault.', 'vaultcore.')}'
var zones = [
  'privatelink.blob.${storageSuffix}'
  'privatelink.queue.${storageSuffix}'
  'privatelink.table.${storageSuffix}'
  'privatelink.dfs.${storageSuffix}'
  vaultZone
]
// `zone` is an index of `zones`. Spark reads the data account by its dfs endpoint.
var targets = [
  { name: 'host-blob', id: hostStorageId, service: 'blob', zone: 0 }
  { name: 'host-queue', id: hostStorageId, service: 'queue', zone: 1 }
  { name: 'host-table', id: hostStorageId, service: 'table', zone: 2 }
  { name: 'data-blob', id: dataStorageId, service: 'blob', zone: 0 }
  { name: 'data-queue', id: dataStorageId, service: 'queue', zone: 1 }
  { name: 'data-table', id: dataStorageId, service: 'table', zone: 2 }
  { name: 'data-dfs', id: dataStorageId, service: 'dfs', zone: 3 }
  { name: 'vault', id: keyVaultId, service: 'vault', zone: 4 }
]

resource dnsZones 'Microsoft.Network/privateDnsZones@2020-06-01' = [
  for zone in zones: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [
  for (zone, index) in zones: {
    parent: dnsZones[index]
    name: 'network'
    location: 'global'
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for target in targets: {
    name: 'pe-${target.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        { name: target.name, properties: { privateLinkServiceId: target.id, groupIds: [target.service] } }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (target, index) in targets: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: 'zone', properties: { privateDnsZoneId: dnsZones[target.zone].id } }]
    }
  }
]
