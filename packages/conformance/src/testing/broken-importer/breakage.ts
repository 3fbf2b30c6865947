import type { BreakImporter } from "../sound-importer.js";

/** An importer that breaks one rule, and no other. */
export interface Breakage {
  readonly rule: string;
  /** What is wrong with it; tells those of one rule apart. */
  readonly how: string;
  readonly broken: BreakImporter;
  /** Whether the plugin answers the host too late, or never. */
  readonly hangs?: boolean | undefined;
  /** Whether it is seen only in a file that flow control does not let through at once. */
  readonly huge?: boolean | undefined;
}
