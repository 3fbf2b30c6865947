/**
 * Writes notices for the user to stderr, each only once, even if it applies to a
 * million files. Not to stdout, which carries the connection.
 */
export class Notices {
  readonly #protocol: string;
  readonly #write: (line: string) => void;
  readonly #written = new Set<string>();

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
}
