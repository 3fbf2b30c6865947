import { closest, distance } from "fastest-levenshtein";

/** A longer word is not a typing error. */
const MAX_LENGTH = 100;

/** Returns the known word that a misspelt one probably means. Ignores case, hyphens, underscores, dots and spaces. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > MAX_LENGTH) return undefined;
  const near = closest(plain(word), known.map(plain));
  return distance(plain(word), near) <= Math.ceil(near.length / 3)
    ? known.find((each) => plain(each) === near)
    : undefined;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll(/[-_. ]/g, "");
}
