/** A phrase that should be written differently. */
export interface Phrase {
  readonly line: number;
  readonly phrase: string;
  /** The advice to print. */
  readonly instead: string;
}

export function findPhrases(text: string): readonly Phrase[];
