/**
 * Phrases that the prose of this project avoids, each with what to write instead. A space stands for any white space,
 * also for a line break within a comment. Case does not matter, except in patterns with a flag of their own.
 */
export const patterns = [
  { pattern: "can not", instead: '"cannot"' },
  { pattern: "any more", instead: '"no longer", in front of the verb' },
  { pattern: "at the (?:longest|most)", instead: '"at most", in front of the number' },
  { pattern: "thrice", instead: '"three times"' },
  { pattern: "to and fro", instead: '"back and forth"' },
  { pattern: "(?:are|be|been|being|is|was|were) told", instead: '"is reported", or say who logs or returns it' },
  { pattern: "(?<!(?:are|be|been|being|is|was|were) )told", instead: '"reported" or "logged"' },
  { pattern: "(?:nobody|anybody|whoever)", instead: 'the thing that acts: "no reader", "the host", "a caller that"' },
  { pattern: "(?:he|him|his|himself|oneself)", instead: 'the thing that acts: "the host", "the user"' },
  { pattern: "there (?:is|are) not", instead: '"is missing" or "does not exist"' },
  { pattern: "(?<!there )(?:are|is|was|were) none", instead: '"is missing", or "is not a …"' },
  { pattern: "(?:wherefrom|whereto)", instead: '"from where", or another sentence' },
  { pattern: "such a one", instead: "the noun" },
  { pattern: "be it", instead: '"whether … or …"' },
  { pattern: "as is said", instead: '"as described", with a reference' },
  { pattern: "comes? of", instead: '"the outcome of" or "results from"' },
  {
    pattern: String.raw`(?:/\*\*?\n? *\*?|//) (?:What|Whether|Who|Whose|Whom) `,
    flags: "",
    instead: 'a verb ("Returns …") or a noun phrase at the start of a comment',
  },
];
