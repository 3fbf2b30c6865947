import { inboxOf, invalidArgument, type Failure } from "@kloset/adapter";
import type { Inbox } from "@kloset/wire/grpc";
import type { Awaitable } from "@kloset/model";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";

type Packet = wire.ExportRequest["packet"];

/** The beginning of some content. */
export interface Head {
  /** Whether that is all of it. */
  readonly whole: boolean;
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
}

/** Reads v1.1's one stream of records and content as records, each with its content. */
export class Packets {
  readonly #requests: Inbox<wire.ExportRequest>;
  /** The record whose content is being read. */
  #within: connectors.Record | undefined;
  /** A record that came too early, within the content of another. */
  #early: connectors.Record | undefined;
  /** Why nothing comes any more. An iterator says that once, and then that it is done. */
  #broken: Failure | undefined;

  /** @param signal - The call's: a wait for the host ends when it is aborted. */
  constructor(requests: AsyncIterable<wire.ExportRequest>, signal: AbortSignal) {
    this.#requests = inboxOf(requests, signal);
  }

  /**
   * The next record; undefined after the last. What is left of the content of the
   * one before is thrown away.
   *
   * @throws StatusError INVALID_ARGUMENT when content comes that no record
   * announced; what the stream of requests throws.
   */
  async nextRecord(): Promise<connectors.Record | undefined> {
    if (this.#within !== undefined) await this.skipContent();
    for (;;) {
      const packet = this.#takeEarly() ?? this.#take() ?? (await this.#wait());
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
      const value = await this.#chunk();
      return value === undefined ? { done: true, value } : { done: false, value };
    };
    const iterator = { next, [Symbol.asyncIterator]: () => iterator };
    return iterator;
  }

  /**
   * Reads the content of the current record up to a limit. What has been read
   * beyond it is part of the answer, too. The rest is {@link Packets.content}.
   *
   * @throws as that does.
   */
  async head(maxBytes: number, maxChunks: number): Promise<Head> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    while (length <= maxBytes && chunks.length <= maxChunks) {
      const chunk = await this.#chunk();
      if (chunk === undefined) return { whole: true, length, chunks };
      chunks.push(chunk);
      length += chunk.length;
    }
    return { whole: false, length, chunks };
  }

  /** Reads the rest of the current record's content and throws it away. */
  async skipContent(): Promise<void> {
    while (this.#within !== undefined && this.#broken === undefined) {
      try {
        await this.#chunk();
      } catch {
        // Nobody wants it, whole or not.
      }
    }
  }

  /** Reads all that comes, so that the host has sent it before it is told of a failure. */
  async drain(): Promise<void> {
    try {
      do while (this.#requests.take() !== undefined);
      while (await this.#requests.more());
    } catch {
      // There is a failure to tell already.
    }
  }

  #takeEarly(): Packet | undefined {
    const record = this.#early;
    this.#early = undefined;
    return record === undefined ? undefined : { case: "record", value: record };
  }

  /** The next chunk, which is not empty; undefined at the end of the content. No promise when it is there. */
  #chunk(): Awaitable<Uint8Array | undefined> {
    const within = this.#within;
    if (within === undefined) return undefined;
    const packet = this.#take();
    if (packet !== undefined) return this.#chunkIn(within, packet);
    return this.#wait().then((later) => this.#chunkIn(within, later));
  }

  #chunkIn(within: connectors.Record, packet: Packet | undefined): Uint8Array | undefined {
    if (packet?.case !== "chunk") throw this.#brokeOff(within, packet);
    if (packet.value.length > 0) return packet.value;
    this.#within = undefined;
    return undefined;
  }

  /** The next packet, if it is there. */
  #take(): Packet | undefined {
    if (this.#broken !== undefined) throw this.#broken.error;
    return this.#requests.take()?.packet;
  }

  /** The next packet; undefined when none comes any more. */
  async #wait(): Promise<Packet | undefined> {
    try {
      for (;;) {
        const packet = this.#take();
        if (packet !== undefined) return packet;
        if (!(await this.#requests.more())) return undefined;
      }
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
      return new Error(
        `the content of ${JSON.stringify(pathname)} broke off: a packet of an unknown kind came within it`,
      );
    }
    this.#within = undefined;
    return new Error(`the content of ${JSON.stringify(pathname)} broke off: ${why}`);
  }
}
