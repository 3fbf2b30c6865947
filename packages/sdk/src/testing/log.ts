import { Writable } from "node:stream";

/** What a plugin says on its standard error. */
export class Log extends Writable {
  #text = "";
  #waiting: (() => void)[] = [];

  get text(): string {
    return this.#text;
  }

  /** Settles when the log holds a text: the plugin has got that far. */
  async says(wanted: string): Promise<void> {
    while (!this.#text.includes(wanted)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** The lines that begin with a text, in order. */
  lines(prefix = ""): string[] {
    return this.#text.split("\n").filter((line) => line !== "" && line.startsWith(prefix));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#text += chunk.toString();
    for (const look of this.#waiting.splice(0)) look();
    done();
  }
}
