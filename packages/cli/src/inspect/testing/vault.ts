/** The secret provider of an author, which inspect bundles. */
import { defineSecretProvider } from "@kloset/sdk";

export default defineSecretProvider({
  connect: () => ({
    resolve: (handle) => {
      if (handle !== "db") throw new Error(`no secret ${handle}`);
      return "pass\u001bword";
    },
    close: () => undefined,
  }),
});
