/** The shortest secret that is masked. Shorter ones occur in ordinary words, so masking would only garble texts. */
export const MIN_SECRET_LENGTH = 4;

/** Number of secrets that are kept; the oldest are forgotten. A plugin has a handful. */
const MAX_SECRETS = 1000;

const MASK = "***";

/** Every text to replace, by secret: the secret and its encoded forms. */
const secrets = new Map<string, readonly string[]>();

/**
 * Makes {@link masked} replace these values, for the rest of the process. Values shorter than
 * {@link MIN_SECRET_LENGTH} characters are ignored.
 */
export function addSecrets(values: Iterable<string>): void {
  for (const value of values) {
    // Authors trim a key from a file before they use it.
    for (const secret of new Set([value, value.trim()])) {
      if (secret.length < MIN_SECRET_LENGTH || secrets.has(secret)) continue;
      secrets.set(secret, formsOf(secret));
      const oldest = secrets.keys().next().value;
      if (secrets.size > MAX_SECRETS && oldest !== undefined) secrets.delete(oldest);
    }
  }
}

/** Forgets all secrets, for tests. */
export function forgetSecrets(): void {
  secrets.clear();
}

/**
 * Replaces every known secret in a text by `***`: as it is, in JSON or a quoted JavaScript string, and
 * percent-encoded as in a URL or a form. Secrets that overlap are replaced together.
 */
export function masked(text: string): string {
  if (secrets.size === 0) return text;
  const found = [...secrets.values()].flatMap((forms) => forms.flatMap((form) => occurrences(text, form)));
  if (found.length === 0) return text;
  found.sort((a, b) => a.start - b.start);
  let result = "";
  let end = 0;
  let masksUntil = -1;
  for (const each of found) {
    // Adjacent or overlapping: one mask for both.
    if (each.start > masksUntil) result += text.slice(end, each.start) + MASK;
    masksUntil = Math.max(masksUntil, each.end);
    end = masksUntil;
  }
  return result + text.slice(end);
}

interface Part {
  readonly start: number;
  readonly end: number;
}

function occurrences(text: string, form: string): Part[] {
  const found: Part[] = [];
  // From the next character on, because occurrences may overlap ("abab" in "ababab").
  for (let start = text.indexOf(form); start >= 0; start = text.indexOf(form, start + 1))
    found.push({ start, end: start + form.length });
  return found;
}

/** Returns a secret as it may occur in a text. */
function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const wellFormed = secret.toWellFormed();
  const percent = [encodeURIComponent(wellFormed), encodeURI(wellFormed)];
  const form = new URLSearchParams([["", secret]]).toString().slice(1);
  const forms = [secret, wellFormed, json, json.replaceAll("'", "\\'"), ...percent, form];
  // In lower case, too: "%2f".
  const lower = forms.map((each) => each.replace(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase()));
  return [...new Set([...forms, ...lower])];
}
