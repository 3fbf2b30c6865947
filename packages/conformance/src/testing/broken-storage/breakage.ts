import type { Generation } from "@kloset/host";
import type { Fault } from "../sound-storage.js";

/** A plugin that breaks exactly one rule. */
export interface Breakage extends Fault {
  /** The id of the rule. */
  readonly rule: string;
  /** The mistake, as a sentence without a subject. */
  readonly how: string;
  /** The generations that have the mistake, and are tested. Default: both. */
  readonly generations?: readonly [Generation, ...Generation[]];
  /** Set if the plugin never answers. Its rule is checked with a short time limit. */
  readonly hangs?: true;
}
