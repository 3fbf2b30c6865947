import { drain, inboxOf, invalidArgument, type Arrivals, type Failure } from "@kloset/adapter";
import type { Inbox } from "@kloset/wire/grpc";
import type { Awaitable } from "@kloset/model";
import type { connectors, exporter as wire } from "@kloset/protocol/v1.1";

type Packet = wire.ExportRequest["packet"];

/** The beginning of the content of a record. */
export interface Head {
  /** True if this is the complete content. */
  readonly whole: boolean;
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
}

/** Splits the single stream of v1.1 into records, each with its content. */
export class Packets {
  readonly #requests: Inbox<wire.ExportRequest>;
  /** The record whose content is being read. */
  #within: connectors.Record | undefined;
  /** A record that arrived within the content of another one. */
  #early: connectors.Record | undefined;
  #endsWithin = false;
  /** The error that ended the stream. Kept because an iterator throws only once and is then done. */
  #broken: Failure | undefined;

  /** @param signal - The call's signal. Ends any wait for the host. */
  constructor(requests: AsyncIterable<wire.ExportRequest>, signal: AbortSignal) {
    this.#requests = inboxOf(requests, signal);
  }

  /** True if the host half-closed the stream within the content of a record: more records may be missing. */
  get endsWithin(): boolean {
    return this.#endsWithin;
  }

  /**
   * Reads the next record; undefined after the last. Discards any remaining content of
   * the previous one.
   *
   * @throws StatusError INVALID_ARGUMENT if content arrives that no record announced.
   * Also any error of the request stream.
   */
  async nextRecord(): Promise<connectors.Record | undefined> {
    if (this.#within !== undefined) await this.skipContent();
    for (;;) {
      const packet = this.#takeEarly() ?? this.#take();
      if (packet === undefined) {
        if (await this.#more()) continue;
        return undefined;
      }
      if (packet.case === "chunk") throw invalidArgument("Export: data came before a record that has data");
      if (packet.case === "record") {
        this.#within = packet.value.hasReader ? packet.value : undefined;
        return packet.value;
      }
      // Ignore packets of unknown kinds, which newer hosts may send.
    }
  }

  /** The non-empty chunks of the current record, as they arrive. Throws if the content is incomplete. */
  readonly content: Arrivals<Uint8Array> = {
    take: () => this.#takeChunk(),
    more: () => this.#moreContent(),
  };

  /**
   * Reads the content of the current record until a limit is exceeded. The result
   * includes the chunk that exceeds it. {@link Packets.content} has the rest.
   *
   * @throws Error under the same conditions as {@link Packets.content}.
   */
  async head(maxBytes: number, maxChunks: number): Promise<Head> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    while (length <= maxBytes && chunks.length <= maxChunks) {
      const chunk = this.#takeChunk();
      if (chunk === undefined) {
        const more = this.#moreContent();
        if (more !== false && (await more)) continue;
        return { whole: true, length, chunks };
      }
      chunks.push(chunk);
      length += chunk.length;
    }
    return { whole: false, length, chunks };
  }

  /** Reads and discards the remaining content of the current record. */
  async skipContent(): Promise<void> {
    while (this.#within !== undefined && this.#broken === undefined) {
      try {
        while (this.#takeChunk() !== undefined);
        await this.#moreContent();
      } catch {
        // The content is discarded, so it may be incomplete.
      }
    }
  }

  /** Reads the stream to its end, so that the host has sent everything before it receives an error. */
  async drain(): Promise<void> {
    await drain(this.#requests);
  }

  #takeEarly(): Packet | undefined {
    const record = this.#early;
    this.#early = undefined;
    return record === undefined ? undefined : { case: "record", value: record };
  }

  /** Returns the next non-empty chunk of the content if it is already available. */
  #takeChunk(): Uint8Array | undefined {
    const within = this.#within;
    if (within === undefined) return undefined;
    const packet = this.#take();
    if (packet === undefined) return undefined;
    if (packet.case !== "chunk") throw this.#brokeOff(within, packet);
    if (packet.value.length > 0) return packet.value;
    this.#within = undefined;
    return undefined;
  }

  #moreContent(): Awaitable<boolean> {
    return this.#within === undefined ? false : this.#moreIn(this.#within);
  }

  async #moreIn(within: connectors.Record): Promise<boolean> {
    if (await this.#more()) return true;
    this.#endsWithin = true;
    throw this.#brokeOff(within, undefined);
  }

  /** Returns the next packet if it is already available. */
  #take(): Packet | undefined {
    if (this.#broken !== undefined) throw this.#broken.error;
    return this.#requests.take()?.packet;
  }

  /** Waits for another packet; returns false at the end of the stream. */
  async #more(): Promise<boolean> {
    try {
      return await this.#requests.more();
    } catch (error) {
      this.#broken = { error };
      throw error;
    }
  }

  #brokeOff({ pathname }: connectors.Record, packet: Packet | undefined): Error {
    let reason = "its source failed";
    if (packet?.case === "record") {
      this.#early = packet.value;
      reason = "another record came within it";
    } else if (packet !== undefined) {
      // Keep #within: the rest of its content still follows.
      return new Error(
        `the content of ${JSON.stringify(pathname)} broke off: a packet of an unknown kind came within it`,
      );
    }
    this.#within = undefined;
    return new Error(`the content of ${JSON.stringify(pathname)} broke off: ${reason}`);
  }
}
