import { invalidArgument } from "@kloset/adapter";
import type { exporter as wire } from "@kloset/protocol/v1.0";

/** What the first message of a StoreFile says. */
export interface FileHeader {
  readonly pathname: string;
  /** Bytes that must come. */
  readonly size: number;
}

/** Reads the stream of one StoreFile of v1.0: a header, then data. */
export class StoreFileRequests {
  readonly #messages: AsyncIterator<wire.StoreFileRequest, void>;

  constructor(messages: AsyncIterator<wire.StoreFileRequest, void>) {
    this.#messages = messages;
  }

  /** @throws StatusError INVALID_ARGUMENT when there is none, or it can not be. */
  async header(): Promise<FileHeader> {
    const first = await this.#messages.next();
    if (first.done === true) throw invalidArgument("StoreFile: the stream ended before its header");
    const { type } = first.value;
    if (type.case === "data") throw invalidArgument("StoreFile: data came before the header");
    if (type.case !== "header") throw invalidArgument("StoreFile: the first message is not a header");
    const { pathname, size } = type.value;
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw invalidArgument(`StoreFile: the size of ${JSON.stringify(pathname)} is out of range: ${String(size)}`);
    }
    return { pathname, size: Number(size) };
  }

  /** The content, once the header has been read. Throws where anything but data comes. */
  async *data(pathname: string): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const result = await this.#messages.next();
      if (result.done === true) return;
      const { type } = result.value;
      if (type.case !== "data") {
        const what = type.case === "header" ? "a second header" : "a message that is no data";
        throw invalidArgument(`StoreFile: ${what} came within the data of ${JSON.stringify(pathname)}`);
      }
      yield type.value.chunk;
    }
  }
}
