import { readFile, realpath } from "node:fs/promises";
import { isAbsolute, sep } from "node:path";
import { defineSecretProvider, pathOfLocation, resolveBelow } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** Reads secrets from the files of a folder: in `my-plugin:///run/secrets`, the handle `db/password` names a file. */
export default defineSecretProvider({
  config: {
    newline: option.boolean({ default: false, description: "Keep the newline at the end of a file." }),
  },
  async connect({ config, location }) {
    const path = pathOfLocation(location, "my-plugin");
    if (!isAbsolute(path)) {
      throw new Error(`location ${JSON.stringify(location)}: expected the absolute path of a folder`);
    }
    const folder = await realpath(path);

    return {
      async resolve(handle, { signal }) {
        // The handle is untrusted: no ".." and no symbolic link leads out of the folder.
        const file = await realpath(resolveBelow(folder, handle)).catch(undefinedIfMissing);
        if (file === undefined) return undefined;
        if (!file.startsWith(folder + sep)) throw new Error(`handle ${JSON.stringify(handle)} leads out of the folder`);
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
          await readFile(file, { signal }),
        );
        return config.newline ? text : text.replace(/\r?\n$/, "");
      },
      close: () => undefined,
    };
  },
});

/** Undefined says that the secret does not exist. Any other error must not look like that. */
function undefinedIfMissing(error: unknown): undefined {
  if (["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
  throw error;
}
