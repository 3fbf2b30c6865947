import type { Facts } from "./facts.js";
import { error, ok, warning, type Finding } from "./finding.js";

interface Variable {
  readonly effect: string;
  /** Values that plugins accept. Absent if any is. */
  readonly values?: RegExp;
  /** The accepted values, for the user. */
  readonly expected?: string;
}

const KNOWN_VARIABLES: Readonly<Record<string, Variable>> = {
  ["KLOSET_GENERATION"]: {
    effect: "plugins speak this generation only, and hosts of the other one fail",
    values: /^v1\.[01]$/,
    expected: "v1.0 or v1.1",
  },
  ["KLOSET_TRANSPORT"]: {
    effect: "plugins do not detect how the host is connected",
    values: /^(?:pipes|socket)$/,
    expected: "pipes or socket",
  },
  ["KLOSET_SERVER"]: {
    effect: "plugins use this server, where connect is the slower reference",
    values: /^(?:framed|connect)$/,
    expected: "framed or connect",
  },
  ["KLOSET_LOG"]: {
    effect: "plugins log at this level",
    values: /^(?:error|warn|info|debug|json)(?:,(?:error|warn|info|debug|json))?$/,
    expected: "error, warn, info, debug or json",
  },
  ["NODE_OPTIONS"]: { effect: "Node applies it to every plugin, too" },
  ["GOOS"]: { effect: "`plakar pkg create` names the package after it" },
  ["GOARCH"]: { effect: "`plakar pkg create` names the package after it" },
};

/** Checks the environment variables that change the behaviour of plugins: hosts pass their environment on. */
export function checkVariables({ variables }: Facts): Finding[] {
  const findings: Finding[] = [];
  for (const [name, value] of Object.entries(variables).toSorted()) {
    if (value === undefined || value === "") continue;
    const known = KNOWN_VARIABLES[name];
    const id = `variable.${name}`;
    const fix = `unset ${name}`;
    if (known === undefined) {
      if (name.startsWith("KLOSET_")) findings.push(warning(id, `${name}: plugins know no such variable`, fix));
    } else if (known.values?.test(value) === false) {
      findings.push(error(id, `${name}: expected ${known.expected}, got ${JSON.stringify(value)}`, fix));
    } else {
      findings.push(warning(id, `${name}=${value}: ${known.effect}`, fix));
    }
  }
  return findings.length > 0 ? findings : [ok("variables", "no environment variable changes the behaviour of plugins")];
}
