import js from "@eslint/js";
import { createNodeResolver, importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";

/** Left alone by the naming convention: a generation of the wire protocol (v1_0, type V1_0), units, unused parameters. */
const exceptions = { regex: "[vV]1_[01]|^ErrorClass$|^[KMG]iB$|^_+$", match: false };

const STALE_UPDATE = "The value is read before the wait: await into a constant first, then update.";

export default tseslint.config(
  {
    ignores: [
      "**/dist/",
      "**/lib/",
      "gen/src/",
      "node_modules/",
      "coverage/",
      "fixtures/",
      "packages/cli/fixtures/*/before/",
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      // One program for everything. A program per package, as the project service has, takes 1.6 times the CPU time.
      parserOptions: { project: ["tsconfig.lint.json", "packages/cli/templates/tsconfig.json"] },
    },
    plugins: { "import-x": importX },
    settings: {
      "import-x/extensions": [".ts", ".js"],
      "import-x/parsers": { "@typescript-eslint/parser": [".ts"] },
      "import-x/resolver-next": [
        createNodeResolver({ extensions: [".ts", ".js"], extensionAlias: { ".js": [".ts", ".js"] } }),
      ],
    },
    rules: {
      "import-x/no-cycle": ["error", { ignoreExternal: true }],
      // Every export of the packages is documented; tests and scripts speak for themselves.
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-duplicate-imports": ["error", { allowSeparateTypeImports: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Limits and tables of primitives at the top of a module: UPPER_SNAKE_CASE. Everything else: camelCase.
      // A generation of the wire protocol is spelt v1_0 and v1_1, in types V1_0 and V1_1.
      "@typescript-eslint/naming-convention": [
        "error",
        { selector: "default", format: ["camelCase"], leadingUnderscore: "allow", filter: exceptions },
        { selector: "import", format: ["camelCase", "PascalCase", "UPPER_CASE"], filter: exceptions },
        // PascalCase: an object that serves as an enumeration.
        {
          selector: "variable",
          modifiers: ["const", "global"],
          format: ["camelCase", "PascalCase", "UPPER_CASE"],
          filter: exceptions,
        },
        {
          selector: "variable",
          modifiers: ["const", "global"],
          types: ["number"],
          format: ["UPPER_CASE"],
          filter: exceptions,
        },
        { selector: "typeLike", format: ["PascalCase"], filter: exceptions },
        { selector: "classProperty", modifiers: ["static", "readonly"], format: ["camelCase", "UPPER_CASE"] },
        // Names that others chose: fields of the wire, HTTP headers, options of libraries, constants of POSIX.
        { selector: ["objectLiteralProperty", "typeProperty", "objectLiteralMethod", "typeMethod"], format: null },
        { selector: "variable", modifiers: ["destructured"], format: null },
        {
          selector: "variable",
          modifiers: ["const", "global", "destructured"],
          types: ["number"],
          format: null,
          filter: exceptions,
        },
      ],
      // `void` in a union is how an interface says that a method may return nothing.
      "@typescript-eslint/no-invalid-void-type": "off",
      // The interfaces of connectors have async methods that await nothing.
      "@typescript-eslint/require-await": "off",
      "no-restricted-syntax": [
        "error",
        { selector: "ExportAllDeclaration:not([exportKind='type']):not([exported])", message: "Name what you export." },
        // `total += await more()` reads the total before it waits, and overwrites what others add meanwhile.
        // `require-atomic-updates` misses fields of `this`, and its reports in this project are all false.
        { selector: "AssignmentExpression[operator!='='] > AwaitExpression.right", message: STALE_UPDATE },
        // Not `??=`, which often keeps a promise: its function awaits later.
        {
          selector: "AssignmentExpression[operator!='='][operator!='??='] > *.right AwaitExpression",
          message: STALE_UPDATE,
        },
        // A selector cannot compare `total = total + await more()` with its target: every variable is rejected there.
        {
          selector:
            "AssignmentExpression > BinaryExpression.right[left.type=/^(Identifier|MemberExpression)$/] > AwaitExpression.right",
          message: STALE_UPDATE,
        },
      ],
    },
  },
  {
    // The type of a check is that of the list it stands in.
    files: ["packages/conformance/src/rules/**"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    // The test runner of Node awaits its tests.
    files: ["packages/cli/templates/**/*.spec.ts", "docs/snippets/*.spec.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["test", "before", "after"] }] },
      ],
    },
  },
  {
    files: ["**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
);
