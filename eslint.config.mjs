import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import importX, { createNodeResolver } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

const zone = (target, from, message) => ({ target: `./src/${target}`, from, message });
const inSrc = (...folders) => folders.map((folder) => `./src/${folder}`);
/** Rooms that only the composition root and each other know. */
const OUTER = ["functions", "api", "config"];
const INNER = ["operations", "activities", "sweeps", "runs", "adapters", "orchestrators", "databricks", "ledger"];
const above = (room) => [...OUTER, ...INNER].filter((other) => !["databricks", "ledger", room].includes(other));

/** Who may import whom. Each room with the rooms that it must not know. */
const boundaries = [
  {
    target: "./src",
    from: ["./local", "./test", "./cli", "./console"],
    message: "the app never knows the local runtime",
  },
  { target: "./cli", from: ["./local", "./test"], message: "the command line speaks HTTP" },
  {
    target: "./cli",
    from: "./src",
    except: ["./api", "./config/app-version.ts"],
    message: "the command line knows only the table of operations",
  },
  { target: "./console", from: ["./local", "./test"], message: "the page knows the types of the API alone" },
  zone("domain", inSrc(...above("domain")), "domain is a leaf"),
  zone("logging", inSrc(...above("logging"), "domain"), "logging is a leaf"),
  zone("orchestrators", inSrc(...above("orchestrators")), "orchestrators decide; activities do"),
  zone("databricks", inSrc(...above("databricks"), "ledger"), "the Jobs client knows only leaves"),
  zone("ledger", inSrc(...above("ledger"), "databricks"), "the ledger knows only leaves"),
  zone(
    "runs",
    inSrc(...OUTER, "operations", "activities", "sweeps", "orchestrators", "adapters"),
    "what activities and sweeps share",
  ),
  zone(
    "operations",
    inSrc(...OUTER, "activities", "sweeps", "orchestrators", "adapters"),
    "verbs of people know runs, databricks, ledger",
  ),
  zone(
    "activities",
    inSrc(...OUTER, "operations", "sweeps", "orchestrators", "adapters"),
    "activities know runs, databricks, ledger",
  ),
  zone(
    "sweeps",
    inSrc(...OUTER, "operations", "activities", "orchestrators", "adapters"),
    "sweeps know runs, databricks, ledger",
  ),
];

/** What an orchestrator may not touch, because a replay would see another value. */
const nondeterministic = [
  {
    selector: "FunctionDeclaration[async=true], ArrowFunctionExpression[async=true]",
    message: "an orchestrator is a generator, never async",
  },
  { selector: "AwaitExpression", message: "yield a task instead" },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "use context.df.currentUtcDateTime" },
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: "use context.df.currentUtcDateTime",
  },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: "use context.df.newGuid" },
];

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", ".venv/", ".cache/", ".batchkeeper/", "coverage/", "test/fixtures/"] },
  js.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
  },
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "import-x": importX },
    settings: { "import-x/resolver-next": [createNodeResolver({ extensions: [".ts", ".tsx", ".js", ".json"] })] },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "max-lines": ["error", { max: 300 }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/return-await": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "import-x/no-restricted-paths": ["error", { zones: boundaries }],
      "import-x/no-cycle": "error",
    },
  },
  {
    files: ["src/**/*.ts", "console/**/*.{ts,tsx}"],
    rules: { "max-lines-per-function": ["error", { max: 80, skipComments: true }] },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/main.ts", "src/config/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "settings are read once, in src/config" },
      ],
    },
  },
  {
    files: ["src/orchestrators/**/*.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...nondeterministic],
      "no-restricted-globals": ["error", "process", "fetch", "crypto", "setTimeout", "setInterval", "performance"],
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["node:*", "fs", "crypto", "axios", "@azure/*"], message: "orchestrators do no I/O" }] },
      ],
    },
  },
  { files: ["local/**/*.ts", "test/**/*.ts"], rules: { "no-console": "off" } },
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["**/*.mjs", "**/*.js"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        setTimeout: "readonly",
        setInterval: "readonly",
        clearInterval: "readonly",
        module: "writable",
        require: "readonly",
        Buffer: "readonly",
        URL: "readonly",
        __dirname: "readonly",
      },
    },
  },
  prettier,
);
