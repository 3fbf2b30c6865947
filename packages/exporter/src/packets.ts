import { invalidArgument } from "@kloset/adapter";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";

/** Reads v1.1's one stream of records and content as records, each with its content. */
export class Packets {
  readonly #requests: AsyncIterator<wire.ExportRequest>;
  #within: string | undefined;

  constructor(requests: AsyncIterable<wire.ExportRequest>) {
    this.#requests = requests[Symbol.asyncIterator]();
  }

  /**
   * The next record; undefined after the last. The content of the one before must
   * have been read to its end.
   *
   * @throws StatusError INVALID_ARGUMENT when content comes that no record announced.
   */
  async nextRecord(): Promise<connectors.Record | undefined> {
    for (;;) {
      const result = await this.#requests.next();
      if (result.done === true) return undefined;
      const { packet } = result.value;
      if (packet.case === "chunk") throw invalidArgument("Export: data came before a record that has data");
      if (packet.case === "record") {
        this.#within = packet.value.hasReader ? packet.value.pathname : undefined;
        return packet.value;
      }
      // A packet of a kind that a newer host knows: not for us.
    }
  }

  /** The chunks of the current record, none of them empty. Can be continued after a break. */
  content(): AsyncIterator<Uint8Array, undefined> & AsyncIterable<Uint8Array> {
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      const pathname = this.#within;
      if (pathname === undefined) return { done: true, value: undefined };
      const result = await this.#requests.next();
      const packet = result.done === true ? undefined : result.value.packet;
      if (packet?.case === "chunk" && packet.value.length > 0) return { done: false, value: packet.value };
      this.#within = undefined;
      if (packet?.case === "chunk") return { done: true, value: undefined };
      const why = packet === undefined ? "its source failed" : "another record came within it";
      throw new Error(`the content of ${JSON.stringify(pathname)} broke off: ${why}`);
    };
    const iterator = { next, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /** Reads the rest of the current record's content and throws it away. */
  async skipContent(): Promise<void> {
    const content = this.content();
    try {
      while ((await content.next()).done !== true);
    } catch {
      // Nobody wants it, whole or not.
    }
  }
}
