# What the hooks share. Sourced by sh; needs az, databricks and node, which azd's packaging needs anyway.

say() { printf '  %s\n' "$*"; }

fail() {
  printf 'batchkeeper: %s\n' "$*" >&2
  exit 1
}

# Names every variable that is missing, not only the first.
need() (
  missing=
  for name in "$@"; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || missing="$missing $name"
  done
  [ -z "$missing" ] || fail "not in the azd environment:$missing. Run 'azd provision' first."
)

need_tool() {
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is not installed"
  done
}

# Rights take minutes to reach every part of Azure, so a refusal is tried again: `retry TIMES COMMAND...`.
retry() {
  left=$1
  shift
  until "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "gave up after several tries: $1 ${2:-} ${3:-}"
    sleep "${BATCHKEEPER_RETRY_SECONDS:-10}"
  done
}

# A session in another tenant would write into somebody else's workspace.
check_tenant() {
  tenant=$(az account show --query tenantId -o tsv) || fail "az is not signed in: run 'az login'"
  [ "$tenant" = "$AZURE_TENANT_ID" ] ||
    fail "az is signed in to tenant $tenant, but the resources are in $AZURE_TENANT_ID: run 'az login --tenant $AZURE_TENANT_ID'"
}

# Reads a list as JSON; prints field $3 of the first item whose field $1 is $2: `pick name x id`.
pick() {
  node -e '
    const [key, value, field] = process.argv.slice(1);
    const found = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    const item = (Array.isArray(found) ? found : []).find((each) => each[key] === value);
    process.stdout.write(item === undefined ? "" : String(item[field]));
  ' "$1" "$2" "$3"
}

# Reads an object as JSON; prints its field $1.
field() {
  node -e '
    const value = JSON.parse(require("node:fs").readFileSync(0, "utf8"))[process.argv[1]];
    process.stdout.write(value === undefined ? "" : String(value));
  ' "$1"
}

# Reads a rule set of a service principal; prints the change that makes $1 a user of it, or nothing if $1 is one.
with_user() {
  node -e '
    const user = process.argv[1];
    const role = "roles/servicePrincipal.user";
    const { name, etag, grant_rules: rules = [] } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    const users = rules.filter((rule) => rule.role === role).flatMap((rule) => rule.principals ?? []);
    if (users.includes(user)) process.exit(0);
    const grant_rules = [...rules.filter((rule) => rule.role !== role), { principals: [...users, user], role }];
    process.stdout.write(JSON.stringify({ name, rule_set: { name, etag, grant_rules } }));
  ' "$1"
}

# Reads a list as JSON; prints field $3 of each item whose field $1 is not $2, one a line.
others() {
  node -e '
    const [key, value, field] = process.argv.slice(1);
    const found = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    for (const item of Array.isArray(found) ? found : []) if (item[key] !== value) console.log(item[field]);
  ' "$1" "$2" "$3"
}

# Makes a Unity Catalog object unless it is there: `ensure KIND NAME ARGUMENTS...`. Only "does not exist" means absent.
# In a subshell, since the variables of sh are global.
ensure() (
  kind=$1
  object=$2
  shift 2
  if error=$(databricks "$kind" get "$object" 2>&1 >/dev/null); then
    say "$kind $object is there"
    return
  fi
  case $error in
    *"does not exist"* | *NOT_FOUND*) ;;
    *) fail "$kind $object cannot be read: $error" ;;
  esac
  retry 6 databricks "$kind" create "$@" >/dev/null
  say "$kind $object made"
)
