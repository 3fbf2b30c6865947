import { quoted, type Findings } from "./problem.js";
import type { Validators } from "./validator.js";

/**
 * The names that Plakar's `store show`, `source show` and `destination show` mask: as the whole name in any case, or at
 * the end of a name after an underscore. 1.0 does not have `private_key`.
 */
const MASKED_NAMES = [
  "access_key",
  "secret_access_key",
  "passphrase",
  "password",
  "pass",
  "private_key",
  "token",
  "client_id",
  "client_secret",
  "auth_token",
];

/** Keys that Plakar itself adds. */
const HOST_KEYS = ["passphrase", "passphrase_cmd"];

/** Names that secrets usually have. */
const SECRET_NAME =
  /(?:^|[_.-])(?:key|secret|token|pass|password|passwd|pwd|passphrase|credentials?)$|(?:api|access|private|secret|account|auth)key$|(?:Key|Secret|Token|Password|Passphrase)$/;
const OTHER_KEY = /(?:public|primary|foreign|sort|partition)[_.-]?key$/i;

/** Returns true if hosts mask the value of an option when they print a configuration. */
function isMasked(name: string): boolean {
  return MASKED_NAMES.some((masked) => name.toLowerCase() === masked || name.endsWith(`_${masked}`));
}

/**
 * Reports options that hold a secret and have a name that hosts do not mask: those that are `writeOnly` or have the
 * format `password`, and those with the name of a secret.
 */
export function checkSecrets(findings: Findings, validators: Validators): void {
  const reported = new Set<string>();
  for (const { at, schema } of validators.values()) {
    const { properties } = schema;
    if (typeof properties !== "object" || properties === null) continue;
    for (const [name, property] of Object.entries(properties as Readonly<Record<string, unknown>>)) {
      if (isMasked(name) || HOST_KEYS.includes(name) || reported.has(name) || !holdsSecret(name, property)) continue;
      reported.add(name);
      findings.add(
        "secret-name",
        at.start,
        `the option ${quoted(name)} in ${quoted(at.value)} holds a secret, but Plakar prints it when it shows a configuration: end its name with _token, _password or _access_key`,
      );
    }
  }
}

function holdsSecret(name: string, property: unknown): boolean {
  const { writeOnly, format, type, description } = (property ?? {}) as Readonly<Record<string, unknown>>;
  if (writeOnly === true || format === "password") return true;
  // The path of a file is not confidential.
  if (type !== "string" || /\b(?:path|file)\b/i.test(String(description))) return false;
  return SECRET_NAME.test(name) && !OTHER_KEY.test(name);
}
