import type { Generation } from "@kloset/host";
import type { HostName, Level, RuleText } from "./rule.js";

/** The hosts that speak each generation. */
const KNOWN: Readonly<Record<Generation, readonly HostName[]>> = {
  "v1.0": ["plakar-1.0"],
  "v1.1": ["plakar-1.1", "plaklet", "kloset-1.1.4"],
};

/** The hosts of a rule that no host relies on. */
export const NO_HOSTS: readonly HostName[] = [];

/** The hosts that use secret providers and inventories. Plakar itself ignores them. */
export const CONTROL_PLANE_HOSTS: readonly HostName[] = ["plaklet"];

/** The hosts on kloset 1.1.4 or later. Plakar up to 1.1.4 does not make their calls. */
export const KLOSET_1_1_4_HOSTS: readonly HostName[] = ["plaklet", "kloset-1.1.4"];

/** Hosts of generation v1.1. */
export const HOSTS_V1_1 = KNOWN["v1.1"];

/** Returns the hosts of a generation that rely on a rule. */
export function hostsOf({ hosts }: Pick<RuleText, "hosts">, generation: Generation): readonly HostName[] {
  return KNOWN[generation].filter((host) => hosts === undefined || hosts.includes(host));
}

/** Returns the level of a rule in a generation. */
export function levelOf(rule: Pick<RuleText, "hosts">, generation: Generation): Level {
  return hostsOf(rule, generation).length > 0 ? "required" : "robustness";
}

/** Declares which hosts rely on a group of rules. A rule that names hosts itself keeps them. */
export function relyingHosts<R extends RuleText>(hosts: readonly HostName[], rules: readonly R[]): readonly R[] {
  return rules.map((rule) => ({ hosts, ...rule }));
}
