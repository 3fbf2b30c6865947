import { createEcmaScriptPlugin, type Plugin } from "@bufbuild/protoplugin";
import { generateFile } from "./file.js";
import { importedFiles } from "./imported.js";
import { parseUnread, type Unread } from "./unread.js";

/** Writes `…_codec.ts` for every proto, `…_table.ts` for those with services, and for each file that is not ours and whose messages are used. */
export const plugin: Plugin = createEcmaScriptPlugin<Unread>({
  name: "protoc-gen-kloset",
  // That of what it writes, not of the packages: a release alone makes no generated file stale.
  version: "1",
  parseOptions: parseUnread,
  generateTs(schema) {
    for (const file of [...schema.files, ...importedFiles(schema.files)]) generateFile(schema, file);
  },
});
