import { drain, invalidArgument, iterateUntilAbort, type Failure } from "@kloset/adapter";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";

type Packet = wire.ExportRequest["packet"];

/** Reads v1.1's one stream of records and content as records, each with its content. */
export class Packets {
  readonly #requests: AsyncIterator<wire.ExportRequest>;
  /** The record whose content is being read. */
  #within: connectors.Record | undefined;
  /** A record that came too early, within the content of another. */
  #early: connectors.Record | undefined;
  /** Why nothing comes any more. An iterator says that once, and then that it is done. */
  #broken: Failure | undefined;

  /** @param signal - The call's: a wait for the host ends when it is aborted. */
  constructor(requests: AsyncIterable<wire.ExportRequest>, signal: AbortSignal) {
    this.#requests = iterateUntilAbort(requests, signal);
  }

  /**
   * The next record; undefined after the last. What is left of the content of the
   * one before is thrown away.
   *
   * @throws StatusError INVALID_ARGUMENT when content comes that no record
   * announced; what the stream of requests throws.
   */
  async nextRecord(): Promise<connectors.Record | undefined> {
    await this.skipContent();
    for (;;) {
      const packet: Packet | undefined = this.#takeEarly() ?? (await this.#next());
      if (packet === undefined) return undefined;
      if (packet.case === "chunk") throw invalidArgument("Export: data came before a record that has data");
      if (packet.case === "record") {
        this.#within = packet.value.hasReader ? packet.value : undefined;
        return packet.value;
      }
      // A packet of a kind that a newer host knows: not for us.
    }
  }

  /**
   * The chunks of the current record, none of them empty. Throws when the content
   * breaks off. Can be continued after a break.
   */
  content(): AsyncIterator<Uint8Array, undefined> & AsyncIterable<Uint8Array> {
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (this.#within === undefined) return { done: true, value: undefined };
      const packet = await this.#next();
      if (packet?.case !== "chunk") throw this.#brokeOff(this.#within, packet);
      if (packet.value.length > 0) return { done: false, value: packet.value };
      this.#within = undefined;
      return { done: true, value: undefined };
    };
    const iterator = { next, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /** Reads the rest of the current record's content and throws it away. */
  async skipContent(): Promise<void> {
    const content = this.content();
    while (this.#within !== undefined && this.#broken === undefined) {
      try {
        await content.next();
      } catch {
        // Nobody wants it, whole or not.
      }
    }
  }

  /** Reads all that comes, so that the host has sent it before it is told of a failure. */
  drain(): Promise<void> {
    return drain(this.#requests);
  }

  #takeEarly(): Packet | undefined {
    const record = this.#early;
    this.#early = undefined;
    return record === undefined ? undefined : { case: "record", value: record };
  }

  async #next(): Promise<Packet | undefined> {
    if (this.#broken !== undefined) throw this.#broken.error;
    try {
      const result = await this.#requests.next();
      return result.done === true ? undefined : result.value.packet;
    } catch (error) {
      this.#broken = { error };
      throw error;
    }
  }

  #brokeOff({ pathname }: connectors.Record, packet: Packet | undefined): Error {
    let why = "its source failed";
    if (packet?.case === "record") {
      this.#early = packet.value;
      why = "another record came within it";
    } else if (packet !== undefined) {
      // Its content goes on behind, and must not be taken for anything else.
      return new Error(`the content of ${JSON.stringify(pathname)} broke off: a packet of an unknown kind came within it`);
    }
    this.#within = undefined;
    return new Error(`the content of ${JSON.stringify(pathname)} broke off: ${why}`);
  }
}
