import type { Outcome } from "../outcome.js";
import type { Companion, Subject } from "../subject.js";

/** Options of a check that its repetition has, too. */
export interface RepeatOptions {
  readonly strict?: boolean | undefined;
  readonly timeoutMs?: number | undefined;
}

const MILLISECONDS = 1000;
/** Characters that no shell interprets. */
const PLAIN = /^[\w%+,./:@=-]+$/;
/** Characters that a terminal could interpret or hide. */
const NOT_PRINTABLE = /[\p{C}\p{Z}]/gu;

/**
 * Returns the shell command that checks one rule alone, on the same plugin. It contains the plugin's configuration.
 * Undefined if the subject starts the plugin in a way of its own.
 */
export function repeatCommand(
  subject: Subject,
  { rule, generation }: Pick<Outcome, "rule" | "generation">,
  { strict = false, timeoutMs }: RepeatOptions = {},
): string | undefined {
  const { connector, executable, args = [], env = {}, location, config = {}, directory, persistent, launch } = subject;
  const { readBack, seed, handle } = subject;
  if ([launch, readBack?.launch, seed?.launch].some((each) => each !== undefined)) return undefined;
  const words = [
    ...["--connector", connector, "--location", location],
    ...Object.entries(config).flatMap(([key, value]) => ["--config", `${key}=${value}`]),
    ...["--generation", generation, "--rule", rule],
    ...(directory === false ? ["--no-directory"] : []),
    ...companionWords("--read-back", readBack),
    ...companionWords("--seed", seed),
    ...(handle === undefined ? [] : ["--handle", handle]),
    ...(persistent === false ? ["--no-persistent"] : []),
    ...(strict ? ["--strict"] : []),
    ...(timeoutMs === undefined ? [] : ["--timeout", String(timeoutMs / MILLISECONDS)]),
    ...["--", executable, ...args],
  ];
  const variables = Object.entries(env).map(([name, value]) => `${name}=${shellQuote(value)}`);
  return [...variables, "npx @kloset/conformance", ...words.map(shellQuote)].join(" ");
}

function companionWords(option: string, companion: Companion | undefined): string[] {
  if (companion === undefined) return [];
  const { executable, args = [], config = {} } = companion;
  return [
    ...[option, executable],
    // Joined: an argument may begin with a hyphen.
    ...args.map((arg) => `--companion-arg=${arg}`),
    ...Object.entries(config).flatMap(([key, value]) => ["--companion-config", `${key}=${value}`]),
  ];
}

/** Quotes a word for sh, bash, zsh and fish. A word with control characters needs bash or zsh. */
export function shellQuote(word: string): string {
  if (PLAIN.test(word)) return word;
  if (word.replaceAll(" ", "").search(NOT_PRINTABLE) < 0) return `'${word.replaceAll("'", String.raw`'\''`)}'`;
  const escaped = word
    .replaceAll(/[\\']/g, String.raw`\$&`)
    .replace(NOT_PRINTABLE, (character) =>
      character === " " ? character : Buffer.from(character).reduce((text, byte) => `${text}\\x${hex(byte)}`, ""),
    );
  return `$'${escaped}'`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
