import { answerBreakages } from "./answers.js";
import type { Breakage } from "./breakage.js";
import { concurrencyBreakages } from "./concurrency.js";
import { contentBreakages } from "./content.js";
import { misuseBreakages } from "./misuse.js";
import { processBreakages } from "./processes.js";
import { rangeBreakages } from "./ranges.js";

export type { Breakage } from "./breakage.js";

/** Storages that are correct except for one mistake. */
export const storageBreakages: readonly Breakage[] = [
  ...contentBreakages,
  ...answerBreakages,
  ...rangeBreakages,
  ...concurrencyBreakages,
  ...misuseBreakages,
  ...processBreakages,
];
