/**
 * Writes notices for the user to stderr, each only once, even if it applies to a
 * million files. Not to stdout, which carries the connection.
 */
export class Notices {
  readonly #protocol: string;
  readonly #write: (line: string) => void;
  readonly #written = new Set<string>();
  readonly #counts = new Map<string, number>();

  /**
   * @param protocol - The name by which the user knows the plugin.
   * @param write - Replaced in tests.
   */
  constructor(protocol: string, write: (line: string) => void = (line) => process.stderr.write(line)) {
    this.#protocol = protocol;
    this.#write = write;
  }

  /**
   * Writes a notice unless the same text was written before.
   *
   * @param text - The same for every entry it applies to.
   * @param path - The entry. Only the first one is named.
   */
  once(text: string, path?: string): void {
    if (this.#written.has(text)) return;
    this.#written.add(text);
    this.#write(`${this.#protocol}: ${text}${path === undefined ? "" : ` (the first is ${JSON.stringify(path)})`}\n`);
  }

  /**
   * Counts an event for the summary.
   *
   * @param kind - The same for every event of its kind, in the plural: "files left out".
   */
  count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Returns a line for each kind that was counted, and starts again from 0. */
  summary(): string[] {
    const lines = [...this.#counts].map(([kind, count]) => `${kind}: ${count}`);
    this.#counts.clear();
    return lines;
  }

  /** Writes the summary. Call it at the end of a run. Writes nothing if nothing was counted. */
  end(): void {
    for (const line of this.summary()) this.#write(`${this.#protocol}: ${line}\n`);
  }
}
