// Logs and metrics of the app; Application Insights takes nothing without an Entra sign-in.
param token string
param location string
param tags object
param appPrincipalId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-${token}'
  location: location
  tags: tags
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: 30 }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: { Application_Type: 'web', WorkspaceResourceId: workspace.id, DisableLocalAuth: true }
}

var insightsRoles = [
  {
    role: 'Monitoring Metrics Publisher'
    id: '3913510d-42f4-4e42-8a64-420c390055eb'
    why: 'Function app: sends its telemetry, since local sign-in is off.'
  }
]

resource insightsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for item in insightsRoles: {
    name: guid(insights.id, appPrincipalId, item.id)
    scope: insights
    properties: {
      principalId: appPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', item.id)
      description: item.why
    }
  }
]

output insightsId string = insights.id
output insightsConnectionString string = insights.properties.ConnectionString
