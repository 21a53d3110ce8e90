// Alerts on the app's own log lines, which begin with a constant message: test/unit/infra holds them against src/.
param location string
param tags object
param insightsId string
param email string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-batchkeeper'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'batchkeeper'
    enabled: true
    emailReceivers: [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var rules = [
  {
    name: 'run-failed'
    text: 'A run ended as failed.'
    severity: 1
    query: 'traces | where message startswith "run closed" and message has "\\"state\\":\\"failed\\""'
  }
  {
    name: 'schedule-missed'
    text: 'A schedule occurrence was missed.'
    severity: 1
    query: 'traces | where message startswith "missed schedule occurrence"'
  }
  {
    name: 'batch-needs-person'
    text: 'A batch failed too often, or a sweep meets a fault that stays.'
    severity: 2
    query: 'traces | where message startswith "batch failed too often" or message startswith "swept item failed" or message startswith "sweep failed"'
  }
  {
    name: 'notification-failed'
    text: 'The receiver of notifications does not answer.'
    severity: 3
    query: 'traces | where message startswith "notification failed"'
  }
  {
    name: 'events-lost'
    text: 'Drops were found by the scan: Event Grid did not tell of them.'
    severity: 2
    query: 'traces | where message startswith "blobs without an event were recorded"'
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [
  for rule in rules: {
    name: 'batchkeeper-${rule.name}'
    location: location
    tags: tags
    properties: {
      displayName: 'Batchkeeper: ${rule.name}'
      description: rule.text
      severity: rule.severity
      enabled: true
      scopes: [insightsId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      // An event, not a state: no later look can tell that a person has seen it. One word an hour while it goes on.
      autoMitigate: false
      muteActionsDuration: 'PT1H'
      criteria: {
        allOf: [{ query: rule.query, timeAggregation: 'Count', operator: 'GreaterThan', threshold: 0 }]
      }
      actions: { actionGroups: empty(email) ? [] : [people.id] }
    }
  }
]

// The sweeper runs once a minute. Its silence means that the app is down, which no log line can tell.
resource silence 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = {
  name: 'batchkeeper-silent'
  location: location
  tags: tags
  properties: {
    displayName: 'Batchkeeper: silent'
    description: 'The sweeper has not run for 15 minutes.'
    severity: 1
    enabled: true
    scopes: [insightsId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: 'requests | where operation_Name == "sweeper"'
          timeAggregation: 'Count'
          operator: 'LessThan'
          threshold: 1
        }
      ]
    }
    actions: { actionGroups: empty(email) ? [] : [people.id] }
  }
}
