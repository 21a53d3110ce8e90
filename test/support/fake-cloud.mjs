#!/usr/bin/env node
/**
 * Stands in for `az`, `databricks` and `npx` in tests of the hooks, linked under their names: it keeps what is made and appends each
 * call to `calls`. With FAKE_FAIL_ONCE every call that makes something fails when it comes for the first time.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const folder = process.env.FAKE_STATE;
const tool = basename(process.argv[1]);
const args = process.argv.slice(2);
const file = (name) => join(folder, name);
const state = existsSync(file("state.json")) ? JSON.parse(readFileSync(file("state.json"), "utf8")) : {};
const kept = (kind) => (state[kind] ??= {});
const option = (name) => args[args.indexOf(name) + 1];
const json = (text) => JSON.parse(text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text);

function end(code, text = "", error = "") {
  writeFileSync(file("state.json"), JSON.stringify(state));
  process.stdout.write(text);
  process.stderr.write(error);
  process.exit(code);
}

const bundle = Object.entries(process.env).filter(([name]) => name.startsWith("BUNDLE_VAR_"));
appendFileSync(file("calls"), `${JSON.stringify({ tool, args, bundle: Object.fromEntries(bundle.sort()) })}\n`);
const call = [tool, ...args].join(" ").replace(/@\S+/, "@file");
if (process.env.FAKE_FAIL_ONCE && / (create|update|deploy|secret|put) /.test(call) && !kept("failed")[call]) {
  kept("failed")[call] = true;
  end(1, "", "Error: the network is away\n");
}

function az() {
  const [group, verb] = args;
  if (verb === "get-access-token") end(0, `token-of-${option("--resource")}\n`);
  if (group === "account") end(0, `${process.env.FAKE_TENANT ?? "tenant-a"}\n`);
  if (group === "provider") {
    kept("providers")[option("--namespace")] = option("--subscription");
    end(0);
  }
  if (group === "keyvault") end(0, 'pass"word-of-16\n');
  if (group === "functionapp" && verb === "keys") {
    // The host needs a while after a deployment: the first question finds no key.
    const asked = (state.keys = (state.keys ?? 0) + 1);
    end(0, asked === 1 ? "" : `key-of-${option("--query")}\n`);
  }
  const name = option("-n");
  if (args[2] === "event-subscription" || args[3] === "show" || args[3] === "create") {
    const events = kept("events");
    if (args.includes("show"))
      end(name in events ? 0 : 3, name in events ? `${events[name]}\n` : "", "ResourceNotFound\n");
    events[name] = option("--endpoint");
    end(0);
  }
  end(2, "", `fake az: unknown call ${args.join(" ")}\n`);
}

const LISTS = {
  "service-principals": () => ({ applicationId: option("--application-id"), displayName: option("--display-name") }),
  "instance-pools": () => json(option("--json")),
  "notification-destinations": () => json(option("--json")),
};

function databricks() {
  const [kind, verb, name] = args;
  if (process.env.FAKE_REFUSE === kind) end(1, "", "Error: PERMISSION_DENIED: you may not do that\n");
  if (kind === "current-user") end(0, JSON.stringify({ userName: "me@example.com" }));
  if (kind === "workspace") end(0, JSON.stringify({ path: name, object_id: 42 }));
  if (kind === "api") api(verb, name);
  const objects = kept(kind);
  const id = `${kind}-${Object.keys(objects).length + 1}`;
  if (verb === "list") end(0, JSON.stringify(Object.values(objects)));
  if (kind in LISTS && verb === "create") {
    objects[id] = { [kind === "instance-pools" ? "instance_pool_id" : "id"]: id, ...LISTS[kind]() };
    end(0, "{}");
  }
  if (kind === "notification-destinations" && verb === "update") {
    objects[name] = { id: name, ...json(option("--json")) };
    end(0, "{}");
  }
  if (kind === "registered-models" && verb === "update") {
    objects[name].owner = option("--owner");
    end(0, "{}");
  }
  if (verb === "get")
    end(name in objects ? 0 : 1, "{}", name in objects ? "" : `Error: ${kind} '${name}' does not exist.\n`);
  if (verb === "create") {
    const made = name === "--json" ? json(args[3]).name : name;
    if (made in objects) end(1, "", `Error: ${made} already exists\n`);
    objects[made] = args.slice(3);
    end(0, "{}");
  }
  if (["grants", "permissions"].includes(kind) && verb === "update") {
    objects[args.slice(2, 4).join(" ")] = json(option("--json"));
    end(0, "{}");
  }
  if (kind === "bundle" && verb === "deploy") {
    objects[option("-t")] = Object.fromEntries(bundle);
    // The model of the bundle belongs to whoever deploys first, and to its new owner from then on.
    const model = [process.env.BUNDLE_VAR_catalog, process.env.BUNDLE_VAR_schema, "predictive_maintenance"].join(".");
    kept("registered-models")[model] ??= { full_name: model, owner: "whoever deploys" };
    end(0);
  }
  end(2, "", `fake databricks: unknown call ${args.join(" ")}\n`);
}

/** The account of the workspace, and who may do what with the app's service principal: a change needs the etag that was read. */
function api(verb, path) {
  if (path === "/.well-known/databricks-config") end(0, JSON.stringify({ account_id: "account-x" }));
  const sets = kept("rule-sets");
  const name = "accounts/account-x/servicePrincipals/client-x/ruleSets/default";
  const manager = { principals: ["users/me@example.com"], role: "roles/servicePrincipal.manager" };
  const set = sets[name] ?? { name, etag: "1", grant_rules: [manager] };
  if (verb === "get") end(path.includes(`?name=${name}&etag=`) ? 0 : 1, JSON.stringify(set));
  const body = json(option("--json"));
  if (body.name !== name || body.rule_set.etag !== set.etag) end(1, "", "Error: the rule set has changed\n");
  sets[name] = { ...body.rule_set, etag: String(Number(set.etag) + 1) };
  end(0, "{}");
}

function npx() {
  const { BATCHKEEPER_KEY: key, BATCHKEEPER_TOKEN: token } = process.env;
  // The first look comes before the rights are in force everywhere.
  const looks = (state.looks = (state.looks ?? 0) + 1);
  state.doctor = { args, key, token };
  end(looks === 1 ? 1 : 0, "blob events  ok\n");
}

({ az, databricks, npx })[tool]();
