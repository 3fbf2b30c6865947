import { Writable } from "node:stream";

/** Collects a plugin's standard error. */
export class Log extends Writable {
  #text = "";
  #waiting: (() => void)[] = [];

  get text(): string {
    return this.#text;
  }

  /** Resolves when the log contains a text. */
  async waitFor(wanted: string): Promise<void> {
    while (!this.#text.includes(wanted)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Returns the non-empty lines that begin with a prefix, in order. */
  lines(prefix = ""): string[] {
    return this.#text.split("\n").filter((line) => line !== "" && line.startsWith(prefix));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#text += chunk.toString();
    for (const look of this.#waiting.splice(0)) look();
    done();
  }
}
