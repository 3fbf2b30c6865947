/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  // One for each core, the first one too: it only waits for the others.
  maxWorkers: "100%",
  roots: [
    "<rootDir>/gen",
    "<rootDir>/packages",
    "<rootDir>/plugins",
    "<rootDir>/demo",
    "<rootDir>/scale",
    "<rootDir>/fuzz",
    "<rootDir>/bench",
    "<rootDir>/scripts",
    "<rootDir>/test",
  ],
  testMatch: ["**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "/dist/", "/lib/"],
  // Tests are TypeScript; other packages are imported as they are built.
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2023" }, module: { type: "es6" } },
    ],
  },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": ["$1.ts", "$1.js"] },
  // For hangs alone: where four suites share two cores, a second's work takes half a minute.
  testTimeout: 120_000,
};
