import { PluginConnectionError } from "@kloset/host";
import type { Awaitable } from "@kloset/model";
import { newAbortController } from "@kloset/wire/async";
import type { MemoryPlugin } from "./memory-plugin.js";

/** A point in an operation: after so many entries, or so many bytes of content, whichever comes first. */
export interface After {
  /** Number of entries that the host is done with, including extended attributes and errors. */
  readonly entries?: number | undefined;
  /** Number of bytes of content that have passed, of all entries together. */
  readonly bytes?: number | undefined;
}

/** The progress of one content. */
export interface ContentProgress {
  /** Pathname of the entry. Empty for a resource of a storage or an inventory. */
  readonly pathname: string;
  /** Bytes of this content that have passed. */
  readonly bytes: number;
}

/** Misbehavior of a host. An operation that ends before a fault has happened fails: the test has proved nothing. */
export interface HostFaults<Point = After> {
  /** The host cancels the operation, as when its user presses Ctrl-C. */
  readonly cancelAfter?: Point | undefined;
  /** The host disappears: the connection ends without Close. */
  readonly disconnectAfter?: Point | undefined;
  /**
   * Called before the host reads or sends the next chunk of content, which waits until the promise settles. A promise
   * that takes its time makes a slow host, one that never settles a host that stalls. The wait ends when the host
   * cancels or disappears, and when the test is closed.
   */
  readonly pace?: ((progress: ContentProgress) => Awaitable<void>) | undefined;
}

/** The fault that ended an operation. */
export type Interruption = "cancelled" | "disconnected" | "source failed";

/** Brings about the faults of one operation. */
export class FaultInjector {
  /** Aborted when the host cancels. Pass it to the calls of the operation. */
  readonly signal: AbortSignal;
  /** The fault that has ended the operation. */
  interruption: Interruption | undefined;
  readonly #faults: HostFaults;
  readonly #plugin: MemoryPlugin;
  readonly #outer: AbortSignal | undefined;
  readonly #cancelled = newAbortController();
  /** Aborted when no pause may last any longer. */
  readonly #over = newAbortController();
  #entries = 0;
  #bytes = 0;
  readonly #onOuterAbort = (): void => {
    this.#cancelled.abort(this.#outer?.reason);
    this.#end();
  };
  readonly #end = (): void => {
    this.#over.abort();
  };

  /**
   * @param signal - The caller's own signal.
   * @throws RangeError for a point that is not a number of entries or bytes.
   */
  constructor(faults: HostFaults, plugin: MemoryPlugin, signal: AbortSignal | undefined) {
    checkPoint("cancelAfter", faults.cancelAfter);
    checkPoint("disconnectAfter", faults.disconnectAfter);
    signal?.throwIfAborted();
    this.#faults = faults;
    this.#plugin = plugin;
    this.#outer = signal;
    this.signal = this.#cancelled.signal;
    signal?.addEventListener("abort", this.#onOuterAbort, { once: true });
    plugin.transport.once("close", this.#end);
  }

  /** Removes all listeners. */
  dispose(): void {
    this.#outer?.removeEventListener("abort", this.#onOuterAbort);
    this.#plugin.transport.removeListener("close", this.#end);
  }

  /** Counts an entry that the host is done with. Called with 0 at the start. */
  addEntries(count: number): void {
    this.#entries += count;
    this.#interrupt();
  }

  /** Passes chunks on, and brings about the faults in their midst. */
  async *through(
    pathname: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    await this.#pause({ pathname, bytes });
    for await (const chunk of chunks) {
      for (const part of this.#partsOf(chunk)) {
        yield part;
        bytes += part.length;
        this.#bytes += part.length;
        this.#interrupt();
        this.#throwIfInterrupted();
      }
      await this.#pause({ pathname, bytes });
    }
  }

  /** Passes entries on, counts them, and brings about the faults between them. */
  async *each<T>(entries: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    await this.#pause({ pathname: "", bytes: 0 });
    for await (const entry of entries) {
      yield entry;
      this.addEntries(1);
      this.#throwIfInterrupted();
      await this.#pause({ pathname: "", bytes: 0 });
    }
  }

  /** @throws RangeError if the operation has ended before a fault could happen. */
  assertHappened(): void {
    for (const name of ["cancelAfter", "disconnectAfter"] as const) {
      const point = this.#faults[name];
      if (point === undefined || this.interruption !== undefined) continue;
      throw new RangeError(
        `faults.${name}: expected ${pointText(point)}, but the host was done after ${count(this.#entries, "entries")} and ${count(this.#bytes, "bytes")}`,
      );
    }
  }

  /** Cuts a chunk where a fault is to happen. */
  #partsOf(chunk: Uint8Array): Uint8Array[] {
    const { cancelAfter, disconnectAfter } = this.#faults;
    const room = Math.min(cancelAfter?.bytes ?? Infinity, disconnectAfter?.bytes ?? Infinity) - this.#bytes;
    return room > 0 && room < chunk.length ? [chunk.subarray(0, room), chunk.subarray(room)] : [chunk];
  }

  #interrupt(): void {
    if (this.interruption !== undefined) return;
    const { cancelAfter, disconnectAfter } = this.#faults;
    if (this.#hasReached(cancelAfter)) {
      this.interruption = "cancelled";
      this.#cancelled.abort(new Error(`the host cancelled after ${pointText(cancelAfter)}`));
      this.#end();
    } else if (this.#hasReached(disconnectAfter)) {
      this.interruption = "disconnected";
      this.#plugin.disconnect();
      this.#end();
    }
  }

  #hasReached(point: After | undefined): point is After {
    if (point === undefined) return false;
    return this.#entries >= (point.entries ?? Infinity) || this.#bytes >= (point.bytes ?? Infinity);
  }

  async #pause(progress: ContentProgress): Promise<void> {
    const { pace } = this.#faults;
    if (pace === undefined) return;
    const over = this.#over.signal;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    over.addEventListener("abort", release, { once: true });
    try {
      if (!over.aborted) await Promise.race([pace(progress), released]);
    } finally {
      over.removeEventListener("abort", release);
    }
    this.#throwIfInterrupted();
  }

  #throwIfInterrupted(): void {
    this.signal.throwIfAborted();
    if (this.interruption !== "disconnected") return;
    throw new PluginConnectionError(`the host disappeared after ${pointText(this.#faults.disconnectAfter ?? {})}`);
  }
}

function checkPoint(name: string, point: After | undefined): void {
  if (point === undefined) return;
  const { entries, bytes } = point;
  if (entries === undefined && bytes === undefined) {
    throw new RangeError(`faults.${name}: expected a number of entries or bytes, got neither`);
  }
  for (const [unit, value] of Object.entries({ entries, bytes })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) continue;
    throw new RangeError(`faults.${name}.${unit}: expected an integer from 0, got ${String(value)}`);
  }
}

function pointText({ entries, bytes }: After): string {
  const texts = [
    ...(entries === undefined ? [] : [count(entries, "entries")]),
    ...(bytes === undefined ? [] : [count(bytes, "bytes")]),
  ];
  return texts.join(" or ");
}

function count(value: number, unit: "entries" | "bytes"): string {
  if (value === 1) return unit === "entries" ? "1 entry" : "1 byte";
  return `${value} ${unit}`;
}
