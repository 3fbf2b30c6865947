import type { ConnectorRule } from "../../rule.js";
import { files } from "./files.js";
import { paths } from "./paths.js";
import { results } from "./results.js";
import { tree } from "./tree.js";

/** The rules for exporters: the behavior that hosts rely on. */
export const exporterRules: readonly ConnectorRule<"exporter">[] = [...paths, ...tree, ...files, ...results];
