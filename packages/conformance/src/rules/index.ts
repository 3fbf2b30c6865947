import type { Rule } from "../rule.js";
import { exporterRules } from "./exporter/index.js";
import { importerRules } from "./importer/index.js";
import { processRules } from "./process/index.js";
import { storageRules } from "./storage/index.js";

/** Every rule, in the order of reports. */
export const rules: readonly Rule[] = [...processRules, ...importerRules, ...exporterRules, ...storageRules];
