import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/dist/", "**/lib/", "gen/src/", "node_modules/", "coverage/", "fixtures/"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["*.js"] } },
    },
    rules: {
      // Every export of the packages is documented; tests and scripts speak for themselves.
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      // `void` in a union is how an interface says that a method may return nothing.
      "@typescript-eslint/no-invalid-void-type": "off",
      // The interfaces of connectors have async methods that await nothing.
      "@typescript-eslint/require-await": "off",
      "no-restricted-syntax": [
        "error",
        { selector: "ExportAllDeclaration:not([exportKind='type']):not([exported])", message: "Name what you export." },
      ],
    },
  },
  {
    // The type of a check is that of the list it stands in.
    files: ["packages/conformance/src/rules/**"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    files: ["**/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
);
