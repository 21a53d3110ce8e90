// One page for the operator: runs by outcome, drops a day, and what the sweeper had to repair.
param location string
param tags object
param insightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'batchkeeper')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Batchkeeper'
    category: 'workbook'
    sourceId: insightsId
    serializedData: loadTextContent('../workbook.json')
  }
}
