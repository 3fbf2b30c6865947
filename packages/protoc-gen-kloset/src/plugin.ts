import { createEcmaScriptPlugin, type Plugin } from "@bufbuild/protoplugin";
import { generateFile } from "./file.js";
import { importedFiles } from "./imported.js";
import { parseOptions, type Options } from "./options.js";

/** Generates `…_codec.ts` for every proto and every imported file, and `…_table.ts` for those with services. */
export const plugin: Plugin = createEcmaScriptPlugin<Options>({
  name: "protoc-gen-kloset",
  // The version of the output, not of the package: a release alone must not change the generated files.
  version: "1",
  parseOptions,
  generateTs(schema) {
    for (const file of [...schema.files, ...importedFiles(schema.files)]) generateFile(schema, file);
  },
});
