import type { Rule } from "../rule.js";
import { exporterRules } from "./exporter/index.js";
import { importerRules } from "./importer/index.js";
import { inventoryRules } from "./inventory/index.js";
import { processRules } from "./process/index.js";
import { secretProviderRules } from "./secret-provider/index.js";
import { storageRules } from "./storage/index.js";

/** All rules, in the order of the report. */
export const rules: readonly Rule[] = [
  ...processRules,
  ...importerRules,
  ...exporterRules,
  ...storageRules,
  ...secretProviderRules,
  ...inventoryRules,
];
