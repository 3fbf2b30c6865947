import type { StorageClient } from "@kloset/host";
import type { Mac, ResourceKind } from "@kloset/model";
import { Violation } from "../../violation.js";

/** A Put of which one half has been sent. */
export interface HalfPut {
  /** Sends the rest. @returns Bytes written, as the plugin says. */
  finish(): Promise<number>;
  /** Breaks the content off: the host cancels the call. */
  cancel(): Promise<void>;
}

/** Sends the first half of a resource, and waits there. */
export async function putHalf(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  bytes: Uint8Array,
): Promise<HalfPut> {
  const valve = new Valve(bytes, Math.floor(bytes.length / 2));
  const put = client.put(kind, mac, valve);
  // A check that fails meanwhile does not wait for it.
  put.catch(() => undefined);
  const early = put.then(() => {
    throw new Violation(`the Put of the ${kind} ${mac.hex} was answered when one half had been sent`);
  });
  await Promise.race([valve.reached, early]);
  return {
    finish: async () => {
      valve.open();
      return await put;
    },
    cancel: async () => {
      const brokenOff = new Error("the content broke off");
      valve.fail(brokenOff);
      await put.catch((error: unknown) => {
        if (error !== brokenOff) throw error;
      });
    },
  };
}

/** Content that stops half-way until it is told to go on. */
class Valve {
  /** Settles when the first half has been sent. */
  readonly reached: Promise<void>;
  readonly #opened: Promise<void>;
  readonly #parts: readonly [Uint8Array, Uint8Array];
  #reach = (): void => undefined;
  #open = (): void => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(bytes: Uint8Array, half: number) {
    this.#parts = [bytes.subarray(0, half), bytes.subarray(half)];
    this.reached = new Promise((resolve) => {
      this.#reach = resolve;
    });
    this.#opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.#fail = reject;
    });
    // It may fail when nobody waits any more.
    this.#opened.catch(() => undefined);
  }

  open(): void {
    this.#open();
  }

  fail(error: Error): void {
    this.#fail(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    yield this.#parts[0];
    // The next piece is asked for when this one has been sent.
    this.#reach();
    await this.#opened;
    yield this.#parts[1];
  }
}
