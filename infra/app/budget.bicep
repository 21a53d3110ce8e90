// Tells before a month becomes dear: at 80 % spent, and when 100 % is forecast.
param amount int
@description('yyyy-MM-01. Azure refuses to move it, so keep it once a budget exists.')
param startDate string
param email string

var contacts = empty(email) ? { contactEmails: [], contactRoles: ['Owner'] } : { contactEmails: [email] }

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: 'batchkeeper'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      spent: union({ enabled: true, operator: 'GreaterThan', threshold: 80, thresholdType: 'Actual' }, contacts)
      forecast: union({ enabled: true, operator: 'GreaterThan', threshold: 100, thresholdType: 'Forecasted' }, contacts)
    }
  }
}
