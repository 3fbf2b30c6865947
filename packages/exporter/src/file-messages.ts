import { invalidArgument, takeNext, type Arrivals } from "@kloset/adapter";
import type { exporter as wire } from "@kloset/protocol/v1.0";

/** The first message of a StoreFile call. */
export interface FileHeader {
  readonly pathname: string;
  /** Number of bytes announced. */
  readonly size: number;
}

/** Reads the messages of one v1.0 StoreFile call: a header, then data. */
export class FileMessages {
  readonly #messages: Arrivals<wire.StoreFileRequest>;

  constructor(messages: Arrivals<wire.StoreFileRequest>) {
    this.#messages = messages;
  }

  /**
   * Reads the header.
   *
   * @throws StatusError INVALID_ARGUMENT if it is missing or its size is above 2^53 − 1.
   */
  async header(): Promise<FileHeader> {
    const first = await takeNext(this.#messages);
    if (first === undefined) throw invalidArgument("StoreFile: the stream ended before its header");
    const { type } = first;
    if (type.case === "data") throw invalidArgument("StoreFile: data came before the header");
    if (type.case !== "header") throw invalidArgument("StoreFile: the first message is not a header");
    const { pathname, size } = type.value;
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw invalidArgument(`StoreFile: the size of ${JSON.stringify(pathname)} is out of range: ${String(size)}`);
    }
    return { pathname, size: Number(size) };
  }

  /** Returns the content after the header. Throws if a message other than data arrives. */
  data(pathname: string): Arrivals<Uint8Array> {
    return { take: () => this.#takeData(pathname), more: () => this.#messages.more() };
  }

  #takeData(pathname: string): Uint8Array | undefined {
    const message = this.#messages.take();
    if (message === undefined) return undefined;
    const { type } = message;
    if (type.case === "data") return type.value.chunk;
    const what = type.case === "header" ? "a second header" : "a message that is not data";
    throw invalidArgument(`StoreFile: ${what} came within the data of ${JSON.stringify(pathname)}`);
  }
}
