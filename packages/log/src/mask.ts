/** The shortest secret that is masked. Shorter ones occur in ordinary words, so masking would only garble texts. */
const MIN_SECRET_LENGTH = 4;

/** Number of lines of one secret that are masked by themselves. A private key has about 60. */
const MAX_LINES = 200;

/** Number of secrets that are kept; the oldest are forgotten. A plugin has a handful. */
const MAX_SECRETS = 1000;

const MASK = "***";

/** Total length of the secrets that a provider has resolved and that are kept: patterns are 30 times as long. */
const MAX_RESOLVED_LENGTH = 256 * 1024;

type Forms = readonly (string | RegExp)[];

/** The forms of each secret of the configuration that are replaced. */
const secrets = new Map<string, Forms>();

/** The same for secrets that a provider has resolved. A separate map, because any number of them may come. */
const resolved = new Map<string, Forms>();
let resolvedLength = 0;

/**
 * Makes {@link masked} replace these values, for the rest of the process. Values shorter than
 * {@link MIN_SECRET_LENGTH} characters are ignored.
 */
export function addSecrets(values: Iterable<string>): void {
  for (const value of values) {
    for (const secret of usualForms(value)) {
      if (secrets.has(secret)) continue;
      secrets.set(secret, formsOf(secret));
      const oldest = secrets.keys().next().value;
      if (secrets.size > MAX_SECRETS && oldest !== undefined) secrets.delete(oldest);
    }
  }
}

/**
 * Makes {@link masked} replace a secret that a provider has resolved. The secrets that were resolved least recently are
 * forgotten when there are more than 1000, each line counted, or 256 Ki characters of them. Values shorter than
 * {@link MIN_SECRET_LENGTH} characters are ignored.
 */
export function addResolvedSecret(value: string): void {
  for (const secret of usualForms(value)) {
    const forms = resolved.get(secret);
    if (forms === undefined) resolvedLength += secret.length;
    // The most recent one comes last.
    resolved.delete(secret);
    resolved.set(secret, forms ?? formsOf(secret));
  }
  for (const oldest of resolved.keys()) {
    // The value itself and its trimmed form stay, however long.
    if (resolved.size <= 2 || (resolved.size <= MAX_SECRETS && resolvedLength <= MAX_RESOLVED_LENGTH)) break;
    resolved.delete(oldest);
    resolvedLength -= oldest.length;
  }
}

/**
 * Returns the lines of a secret, the secret trimmed, and as it is. Authors trim a key from a file before they use it, and
 * take the password from the first line, as `pass` does. The whole secret comes last, so that it is kept longest.
 */
function usualForms(value: string): string[] {
  const lines = value.split(/[\r\n]+/, MAX_LINES).map((line) => line.trim());
  return [...new Set([...lines, value.trim(), value].reverse())]
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .reverse();
}

/** Forgets all secrets, for tests. */
export function forgetSecrets(): void {
  secrets.clear();
  resolved.clear();
  resolvedLength = 0;
}

/**
 * Replaces every known secret in a text by `***`: as it is, in a JSON or JavaScript string, and percent-encoded as in
 * a URL or a form. Secrets that overlap are replaced together.
 */
export function masked(text: string): string {
  if (secrets.size + resolved.size === 0) return text;
  const found = [...secrets.values(), ...resolved.values()].flatMap((forms) =>
    forms.flatMap((form) => occurrences(text, form)),
  );
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

/** Finds all occurrences, also those that overlap ("abab" in "ababab"). */
function occurrences(text: string, form: string | RegExp): Part[] {
  const found: Part[] = [];
  for (let start = 0; ; start++) {
    const part = typeof form === "string" ? indexOf(text, form, start) : search(text, form, start);
    if (part === undefined) return found;
    found.push(part);
    start = part.start;
  }
}

function indexOf(text: string, form: string, from: number): Part | undefined {
  const start = text.indexOf(form, from);
  return start < 0 ? undefined : { start, end: start + form.length };
}

function search(text: string, form: RegExp, from: number): Part | undefined {
  form.lastIndex = from;
  const match = form.exec(text);
  return match === null ? undefined : { start: match.index, end: form.lastIndex };
}

/** Longest secret that is recognized in any encoding, in characters. A longer one is as it is, or in JSON. */
const MAX_ENCODED = 4096;

/** Returns a secret as it may occur in a text. */
function formsOf(secret: string): Forms {
  if (secret.length > MAX_ENCODED) return [...new Set([secret, JSON.stringify(secret).slice(1, -1)])];
  // Encoders differ in the characters that they encode, so each character may have any form.
  return [new RegExp(Array.from(secret, anyFormOf).join(""), "g")];
}

/** Returns a pattern for a character: itself, percent-encoded, or escaped in a JSON or JavaScript string. */
function anyFormOf(character: string): string {
  const wellFormed = character.toWellFormed();
  const percent = Array.from(Buffer.from(wellFormed), (byte) => `%${eitherCase(byte.toString(16).padStart(2, "0"))}`);
  const units = Array.from({ length: character.length }, (_, i) =>
    character.charCodeAt(i).toString(16).padStart(4, "0"),
  );
  const unicode = units.map((unit) => `\\\\u${eitherCase(unit)}`).join("");
  const json = JSON.stringify(character).slice(1, -1);
  const forms = new Set([character, wellFormed, json, `\\${character}`].map(literal));
  if (character === " ") forms.add("\\+");
  return `(?:${[...forms, percent.join(""), unicode].join("|")})`;
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function eitherCase(hex: string): string {
  return hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}
