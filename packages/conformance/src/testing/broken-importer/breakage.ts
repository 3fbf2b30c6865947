import type { BreakImporter } from "../sound-importer.js";

/** An importer that breaks exactly one rule. */
export interface Breakage {
  /** The id of the rule. */
  readonly rule: string;
  /** The mistake, in a few words. Distinguishes importers that break the same rule. */
  readonly how: string;
  readonly broken: BreakImporter;
  /** True if the plugin answers too late or never. */
  readonly hangs?: boolean | undefined;
  /** True if the mistake shows only in a file that is larger than the flow-control windows. */
  readonly huge?: boolean | undefined;
}
