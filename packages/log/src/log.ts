import { inspect } from "node:util";
import { isWritten, logSettings, type Level, type LogSettings } from "./level.js";
import { masked } from "./mask.js";

/** Values that belong to a message, by name. An error is shown by its message, with `debug` by its stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The log of a plugin, on standard error. Each message is one line, in which secrets are replaced by `***`. A message
 * that repeats is written once a minute at most, with the number of those left out.
 */
export interface Log {
  /** Logs a failure that the user should know of. */
  error(message: string, fields?: LogFields): void;
  /** Logs a problem that the plugin can work around. */
  warn(message: string, fields?: LogFields): void;
  /** Logs an event. Not shown by default. */
  info(message: string, fields?: LogFields): void;
  /** Logs a detail for the plugin's author. Not shown by default. */
  debug(message: string, fields?: LogFields): void;
}

/** Where a log writes, for tests. */
export interface LogOptions {
  /** The variable `KLOSET_LOG`. Read when the first message is logged. */
  readonly settings: () => string | undefined;
  /** Writes one line, which ends with a newline. */
  readonly write: (line: string) => void;
  /** Returns the current time in milliseconds. */
  readonly now: () => number;
}

/** Time for which a repeated message is left out, in milliseconds. */
const QUIET_MS = 60_000;

/** Number of messages that are remembered to recognize repetitions. */
const MAX_REMEMBERED = 256;

/** Maximum characters of a line. */
const MAX_LINE = 4096;

/** A message that has been written. */
interface Written {
  readonly level: Level;
  /** The message and its fields, as the log shows them. */
  readonly text: string;
  readonly since: number;
  /** Repetitions that were left out. */
  omitted: number;
}

/** A {@link Log} that can be flushed. */
export class LineLog implements Log {
  readonly #options: LogOptions;
  readonly #written = new Map<string, Written>();
  #settings: LogSettings | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  /** Writes how often messages were repeated. Called before the process exits. */
  flush(): void {
    const all = [...this.#written.values()];
    this.#written.clear();
    for (const each of all) this.#summarize(each);
  }

  #log(level: Level, message: unknown, fields: LogFields = {}): void {
    if (this.#settings === undefined) this.#readSettings();
    const { level: least = "warn", json = false } = this.#settings ?? {};
    if (!isWritten(level, least)) return;
    const values = plainFields(fields, least === "debug");
    const text = lineOf(textOf(message, false), values);
    const key = `${level}: ${text}`;
    const now = this.#options.now();
    const before = this.#written.get(key);
    if (before !== undefined && now - before.since < QUIET_MS) {
      before.omitted++;
      return;
    }
    const omitted = before?.omitted ?? 0;
    if (json) this.#writeJson(level, masked(textOf(message, false)).slice(0, MAX_LINE), omitted, values);
    else this.#writeText(level, text, omitted);
    // The most recently written message is the last to be forgotten.
    this.#written.delete(key);
    this.#written.set(key, { level, text, since: now, omitted: 0 });
    this.#forgetOldest();
  }

  #readSettings(): void {
    this.#settings = logSettings(this.#options.settings());
    const { unknown } = this.#settings;
    if (unknown.length > 0)
      this.#log(
        "warn",
        `KLOSET_LOG: expected error, warn, info, debug or json, got ${JSON.stringify(unknown.join(","))}`,
      );
  }

  #forgetOldest(): void {
    const [oldest] = this.#written;
    if (this.#written.size <= MAX_REMEMBERED || oldest === undefined) return;
    const [key, written] = oldest;
    this.#written.delete(key);
    this.#summarize(written);
  }

  #summarize({ level, text, omitted }: Written): void {
    if (omitted === 0) return;
    if (this.#settings?.json === true) this.#writeJson(level, text, omitted, {});
    else this.#writeText(level, text, omitted);
  }

  #writeText(level: Level, text: string, omitted: number): void {
    this.#options.write(`${level}: ${text}${omitted > 0 ? ` (… ${omitted} more)` : ""}\n`);
  }

  #writeJson(level: Level, message: string, omitted: number, fields: LogFields): void {
    const time = new Date(this.#options.now()).toISOString();
    const record = { ...fields, time, level, message, ...(omitted > 0 && { omitted }) };
    this.#options.write(`${masked(JSON.stringify(record))}\n`);
  }
}

/** Returns a message and its fields as one line without control characters. */
function lineOf(message: string, fields: LogFields): string {
  const parts = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return oneLine(masked(message + parts.join("")));
}

/** Escapes line breaks, and control characters that a terminal would obey, and cuts a long line. */
function oneLine(text: string): string {
  const escaped = text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => escapeOf(character));
  if (escaped.length <= MAX_LINE) return escaped;
  return `${escaped.slice(0, MAX_LINE).toWellFormed()}… (${escaped.length - MAX_LINE} more characters)`;
}

function escapeOf(character: string): string {
  const known = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  return known ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Converts the values of fields to JSON values of bounded length. */
function plainFields(fields: LogFields, withStacks: boolean): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value, withStacks)]));
}

function plain(value: unknown, withStacks: boolean): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  // Masked before it is cut: the cut could leave a part of a secret.
  return masked(textOf(value, withStacks)).slice(0, MAX_LINE).toWellFormed();
}

function textOf(value: unknown, withStacks: boolean): string {
  try {
    if (typeof value === "string") return value;
    if (value instanceof Error) {
      // Of any type: authors may set it.
      const shown: unknown = (withStacks ? value.stack : undefined) ?? value.message;
      return String(shown);
    }
    return inspect(value, { depth: 2, breakLength: Infinity });
  } catch {
    return "a value that cannot be printed";
  }
}
