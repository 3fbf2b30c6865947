import { messageLength, PREFIX_LENGTH } from "./message-prefix.js";
import { Code } from "./code.js";
import { takeMemory } from "./message-memory.js";
import { isCodedError, StatusError } from "./status-error.js";
import { type MessageDecoder } from "../codec/message-codec.js";

/** Per-message overhead, so that empty messages also count against the limit. */
export const MESSAGE_COST_BYTES = 256;

/**
 * While the incomplete messages of all calls take less memory than this, the memory for a whole message is allocated
 * as soon as its prefix has arrived.
 */
const MAX_EAGER_BYTES = 64 * 1024 * 1024;

/** The memory for incomplete messages, shared by all calls of a connection. */
export interface AssemblyBudget {
  allocatedBytes: number;
}

/** The texts of refused messages: each side of a connection has its own words. */
export interface RefusalTexts {
  readonly tooLong: (length: number, maxBytes: number) => string;
  /** For flags other than 0: bit 0 announces a compressed message, the others are undefined. */
  readonly wrongFlags: (flags: number) => string;
}

/** The texts that a plugin answers with. */
const pluginTexts: RefusalTexts = {
  tooLong: (length, maxBytes) => `message size ${length} is larger than configured readMaxBytes ${maxBytes}`,
  wrongFlags: (flags) =>
    (flags & 1) === 1
      ? "received compressed envelope, but do not know how to decompress"
      : `received envelope with flags ${flags}`,
};

/** The events of an {@link InboundMessages}. */
export interface InboundEvents {
  /**
   * Called for every message.
   *
   * @param cost - The size of the message in bytes, with {@link MESSAGE_COST_BYTES} added.
   */
  readonly onMessage: (message: unknown, cost: number) => void;
  /** Called once, when no further message can be read. */
  readonly onError: (error: StatusError) => void;
}

/**
 * Finds gRPC's length-prefixed messages in the DATA of one call. A message within one chunk is decoded in place; one
 * that is split over several chunks is collected in memory of its own, which is allocated at once while the budget
 * allows that.
 */
export class InboundMessages {
  readonly #codec: MessageDecoder;
  readonly #maxBytes: number;
  readonly #budget: AssemblyBudget;
  readonly #events: InboundEvents;
  readonly #texts: RefusalTexts;
  readonly #prefix = new Uint8Array(PREFIX_LENGTH);
  #prefixFilled = 0;
  /** The length of the message that is being collected; -1 between messages. */
  #length = -1;
  #collected: Uint8Array | undefined;
  #collectedLength = 0;
  #isBroken = false;

  /** @param texts - Default: the texts of a plugin. */
  constructor(
    codec: MessageDecoder,
    maxBytes: number,
    budget: AssemblyBudget,
    events: InboundEvents,
    texts: RefusalTexts = pluginTexts,
  ) {
    this.#codec = codec;
    this.#maxBytes = maxBytes;
    this.#budget = budget;
    this.#events = events;
    this.#texts = texts;
  }

  /** The number of bytes of an incomplete message. */
  get pendingBytes(): number {
    return this.#collectedLength;
  }

  /** True between messages, when no part of the next one has arrived. */
  get isWhole(): boolean {
    return this.#prefixFilled === 0 && this.#length < 0;
  }

  /** Reads the next bytes. Their memory may be reused afterwards. */
  read(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#isBroken) {
      if (this.#length >= 0) {
        at = this.#collect(bytes, at, end);
        continue;
      }
      let prefix = bytes;
      let prefixAt = at;
      if (this.#prefixFilled > 0 || end - at < PREFIX_LENGTH) {
        const taken = Math.min(PREFIX_LENGTH - this.#prefixFilled, end - at);
        this.#prefix.set(bytes.subarray(at, at + taken), this.#prefixFilled);
        this.#prefixFilled += taken;
        at += taken;
        if (this.#prefixFilled < PREFIX_LENGTH) return;
        prefix = this.#prefix;
        prefixAt = 0;
        this.#prefixFilled = 0;
      } else {
        at += PREFIX_LENGTH;
      }
      const length = this.#lengthIn(prefix, prefixAt);
      if (length < 0) return;
      if (end - at >= length) {
        this.#decode(bytes, at, at + length, true);
        at += length;
      } else {
        this.#length = length;
      }
    }
  }

  /** Stops reading and frees the memory. */
  close(): void {
    this.#isBroken = true;
    this.#drop();
  }

  /** @returns -1 if the message is refused. */
  #lengthIn(prefix: Uint8Array, at: number): number {
    const length = messageLength(prefix, at);
    if (length > this.#maxBytes) {
      this.#fail(Code.ResourceExhausted, this.#texts.tooLong(length, this.#maxBytes));
      return -1;
    }
    const flags = prefix[at] ?? 0;
    if (flags !== 0) {
      this.#fail(Code.Internal, this.#texts.wrongFlags(flags));
      return -1;
    }
    return length;
  }

  #collect(bytes: Uint8Array, at: number, end: number): number {
    const taken = Math.min(this.#length - this.#collectedLength, end - at);
    const memory = this.#memoryFor(this.#collectedLength + taken);
    memory.set(bytes.subarray(at, at + taken), this.#collectedLength);
    this.#collectedLength += taken;
    if (this.#collectedLength === this.#length) {
      const length = this.#length;
      this.#drop();
      this.#decode(memory, 0, length, false);
    }
    return at + taken;
  }

  /** Beyond the budget, memory grows with the bytes that arrive, so that announcing large messages costs nothing. */
  #memoryFor(needed: number): Uint8Array {
    const old = this.#collected;
    if (old !== undefined && old.length >= needed) return old;
    const isEager = this.#budget.allocatedBytes + this.#length <= MAX_EAGER_BYTES;
    const size = isEager ? this.#length : Math.min(this.#length, needed * 4);
    const memory = takeMemory(size);
    if (old !== undefined) memory.set(old.subarray(0, this.#collectedLength));
    this.#budget.allocatedBytes += memory.length - (old?.length ?? 0);
    this.#collected = memory;
    return memory;
  }

  #decode(bytes: Uint8Array, start: number, end: number, isBorrowed: boolean): void {
    let message;
    try {
      message = this.#codec.decode(bytes, start, end, isBorrowed);
    } catch (error) {
      this.#fail(Code.InvalidArgument, isCodedError(error) ? error.rawMessage : String(error));
      return;
    }
    this.#events.onMessage(message, end - start + MESSAGE_COST_BYTES);
  }

  #fail(code: number, message: string): void {
    this.close();
    this.#events.onError(new StatusError(message, code));
  }

  #drop(): void {
    this.#budget.allocatedBytes -= this.#collected?.length ?? 0;
    this.#collected = undefined;
    this.#collectedLength = 0;
    this.#length = -1;
  }
}
