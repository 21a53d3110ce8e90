/** @type {import("jest").Config} */
const common = {
  testEnvironment: "node",
  // The laid out package has the name of the checkout's.
  modulePathIgnorePatterns: ["<rootDir>/dist/app"],
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "tsconfig.json", diagnostics: false }] },
};

module.exports = {
  // The machine that runs them may be busy; what a test waits for, it waits for by its own limits.
  testTimeout: 30_000,
  projects: ["unit", "integration", "conformance", "console", "e2e", "drill"].map((name) => ({
    ...common,
    displayName: name,
    testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  })),
};
