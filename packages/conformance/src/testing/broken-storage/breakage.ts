import type { Generation } from "@kloset/host";
import type { Fault } from "../sound-storage.js";

/** A plugin that breaks one rule, and no other. */
export interface Breakage extends Fault {
  /** The rule's id. */
  readonly rule: string;
  /** What the plugin does wrong, as a sentence without a subject. */
  readonly how: string;
  /** Where the fault is, and its test: in one at least. Default: in both. */
  readonly generations?: readonly [Generation, ...Generation[]];
  /** It never answers: its rule is checked with a short time limit. */
  readonly hangs?: true;
}
