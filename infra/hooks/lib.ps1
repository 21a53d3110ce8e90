# What the hooks share; the same as lib.sh. Dot-sourced by pwsh 7.
$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $false

function Say([string] $Text) { Write-Host "  $Text" }
function Fail([string] $Text) { throw "batchkeeper: $Text" }

function Need([string[]] $Names) {
  $missing = $Names | Where-Object { -not [Environment]::GetEnvironmentVariable($_) }
  if ($missing) { Fail "not in the azd environment: $($missing -join ' '). Run 'azd provision' first." }
}

function Need-Tool([string[]] $Tools) {
  foreach ($tool in $Tools) { if (-not (Get-Command $tool -ErrorAction SilentlyContinue)) { Fail "$tool is not installed" } }
}

# Runs a native command; a bad exit code is a fault.
function Invoke-Tool([scriptblock] $Command) {
  $output = & $Command
  if ($LASTEXITCODE -ne 0) { Fail "failed: $Command" }
  $output
}

function Retry([int] $Times, [scriptblock] $Command) {
  $seconds = if ($env:BATCHKEEPER_RETRY_SECONDS) { [double] $env:BATCHKEEPER_RETRY_SECONDS } else { 10 }
  for ($left = $Times; ; $left--) {
    try { return Invoke-Tool $Command } catch { if ($left -le 1) { throw } }
    Start-Sleep -Seconds $seconds
  }
}

function Check-Tenant {
  $tenant = Invoke-Tool { az account show --query tenantId -o tsv }
  if ($tenant -ne $env:AZURE_TENANT_ID) {
    Fail "az is signed in to tenant $tenant, but the resources are in $($env:AZURE_TENANT_ID): run 'az login --tenant $($env:AZURE_TENANT_ID)'"
  }
}

# Only "does not exist" means absent.
function Ensure([string] $Kind, [string] $Name, [string[]] $Arguments) {
  $answer = (& databricks $Kind get $Name 2>&1 | Out-String)
  if ($LASTEXITCODE -eq 0) { Say "$Kind $Name is there"; return }
  if ($answer -notmatch 'does not exist|NOT_FOUND') { Fail "$Kind $Name cannot be read: $answer" }
  Retry 6 { databricks $Kind create @Arguments } | Out-Null
  Say "$Kind $Name made"
}
