import { NO_HOSTS, relyingHosts } from "../../levels.js";
import type { ConnectorRule } from "../../rule.js";
import { configurationRules } from "./configuration.js";
import { contentRules } from "./content.js";
import { eccRules } from "./ecc.js";
import { flagRules } from "./flags.js";
import { identityRules } from "./identity.js";
import { listingRules } from "./listings.js";
import { missingRules } from "./missing.js";
import { misuseRules } from "./misuse.js";
import { processRules } from "./processes.js";
import { rangeRules } from "./ranges.js";
import { replacingRules } from "./replacing.js";
import { togetherRules } from "./together.js";

/** The rules for storages: the behavior that hosts rely on. */
export const storageRules: readonly ConnectorRule<"storage">[] = [
  ...configurationRules,
  ...identityRules,
  ...flagRules,
  ...listingRules,
  ...contentRules,
  ...rangeRules,
  ...missingRules,
  ...replacingRules,
  ...togetherRules,
  ...relyingHosts(NO_HOSTS, [...misuseRules, ...eccRules]),
  ...processRules,
];
