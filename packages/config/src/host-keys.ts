/**
 * The keys that Plakar itself puts into a configuration. A plugin accepts them without declaring them.
 *
 * - `location`: always.
 * - `passphrase`, `passphrase_cmd`: from the stored configuration of a repository. Plakar removes the one that it uses and
 *   leaves the other, and both if there is a key file.
 */
export const HOST_KEYS: readonly string[] = ["location", "passphrase", "passphrase_cmd"];

/** The keys among {@link HOST_KEYS} whose values are confidential. */
export const SECRET_HOST_KEYS: readonly string[] = ["passphrase", "passphrase_cmd"];
