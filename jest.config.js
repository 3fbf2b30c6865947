/** Which tests run: "fast" (the default), "slow" (only *.slow.test.ts) or "all". scripts/jest.js sets it. */
const { KLOSET_TESTS: selection = "fast" } = process.env;
if (!["fast", "slow", "all"].includes(selection))
  throw new Error(`KLOSET_TESTS: expected fast, slow or all, got "${selection}"`);

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  // One worker per core: the main process only waits for them.
  maxWorkers: "100%",
  // Jest never frees the ES modules of a test file. A worker that has run many files spends a third of its time on
  // garbage collection, so it is replaced.
  workerIdleMemoryLimit: "256MB",
  roots: [
    "<rootDir>/gen",
    "<rootDir>/packages",
    "<rootDir>/plugins",
    "<rootDir>/examples",
    "<rootDir>/demo",
    "<rootDir>/scale",
    "<rootDir>/fuzz",
    "<rootDir>/bench",
    "<rootDir>/scripts",
    "<rootDir>/docs/snippets",
    "<rootDir>/test",
  ],
  testMatch: [selection === "slow" ? "**/*.slow.test.ts" : "**/*.test.ts"],
  testPathIgnorePatterns: [
    "/node_modules/",
    "/dist/",
    "/lib/",
    ...(selection === "fast" ? ["\\.slow\\.test\\.ts$"] : []),
  ],
  // Tests are TypeScript; other packages are imported as they are built.
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2023" }, module: { type: "es6" } },
    ],
  },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": ["$1.ts", "$1.js"] },
  // Only for hangs: when four suites share two cores, a second's work takes half a minute.
  testTimeout: 120_000,
};
