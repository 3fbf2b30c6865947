import { defineSecretProvider, pathOfLocation } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";
import { identitiesOf, readIdentities } from "./identities.js";
import { SecretFolder } from "./secret-folder.js";

/**
 * Serves a folder of age-encrypted files, laid out as `pass` and `passage` do: the handle `db/prod/password` is the file
 * `db/prod/password.age`, at the location `age:///home/me/.passage/store`. The secret is the whole text of the file
 * without its final newline.
 */
export default defineSecretProvider({
  config: {
    identity: option.secret({ description: "Identity (AGE-SECRET-KEY-1…) that decrypts the files" }).optional(),
    identity_file: option.path({ description: "File of identities, as written by age-keygen" }).optional(),
  },
  async connect({ config: { identity, identity_file: identityFile }, location, signal }) {
    if ((identity === undefined) === (identityFile === undefined)) {
      throw new Error('config keys "identity" and "identity_file": expected one of the two');
    }
    const identities =
      identity === undefined
        ? await readIdentities(identityFile ?? "", signal)
        : identitiesOf(identity, 'config key "identity"');
    const folder = await SecretFolder.open(pathOfLocation(location, "age"), identities);
    return {
      resolve: (handle, { signal }) => folder.resolve(handle, signal),
      close: () => undefined,
    };
  },
});
