/**
 * What the user is told beside errors, each once: of a million files that all
 * lack the same. On standard error, as all else would corrupt the connection.
 */
export class Notices {
  readonly #protocol: string;
  readonly #write: (line: string) => void;
  readonly #said = new Set<string>();

  /**
   * @param protocol - That the user knows the plugin by.
   * @param write - For tests.
   */
  constructor(protocol: string, write: (line: string) => void = (line) => process.stderr.write(line)) {
    this.#protocol = protocol;
    this.#write = write;
  }

  /**
   * Says something, if it was not said before.
   *
   * @param text - The same for all that it is said of.
   * @param path - The entry; the first one is named.
   */
  once(text: string, path?: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#write(`${this.#protocol}: ${text}${path === undefined ? "" : ` (the first is ${JSON.stringify(path)})`}\n`);
  }
}
