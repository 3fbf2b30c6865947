import { readFile } from "node:fs/promises";
import { defineSecretProvider, resolveBelow } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

export default defineSecretProvider({
  config: {
    folder: option.path({ description: "Folder with one file for each secret" }),
  },
  connect: ({ config: { folder } }) => ({
    async resolve(handle, { signal }) {
      try {
        // A handle is untrusted: "../x" is an error, and reads nothing.
        const text = await readFile(resolveBelow(folder, handle), { encoding: "utf8", signal });
        return text.replace(/\n$/, "");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    close: () => undefined,
  }),
});
