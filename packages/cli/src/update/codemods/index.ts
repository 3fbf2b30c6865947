import { gte, lte } from "semver";
import type { Codemod } from "./codemod.js";
import { contextObject } from "./context-object.js";

/** All codemods, by version. */
const CODEMODS: readonly Codemod[] = [contextObject];

/**
 * Returns the codemods between two versions. Those of `from` itself are included: a project may have been written with a
 * development version of it, and a codemod leaves new code alone.
 */
export function codemodsBetween(from: string, to: string, all = CODEMODS): readonly Codemod[] {
  return all.filter(({ version }) => gte(version, from) && lte(version, to));
}
