import type { StorageClient } from "@kloset/host";
import type { Mac, ResourceKind } from "@kloset/model";
import { Violation } from "../../violation.js";

/** A Put whose first half has been sent. */
export interface HalfPut {
  /** Sends the rest. @returns The number of bytes written, as the plugin reports it. */
  finish(): Promise<number>;
  /** Fails the content, so that the host cancels the call. */
  cancel(): Promise<void>;
}

/** Sends the first half of a resource. */
export async function putHalf(
  client: StorageClient,
  kind: ResourceKind,
  mac: Mac,
  bytes: Uint8Array,
): Promise<HalfPut> {
  const valve = new Valve(bytes, Math.floor(bytes.length / 2));
  const put = client.put(kind, mac, valve);
  // Not awaited if the check fails meanwhile: avoid an unhandled rejection.
  put.catch(() => undefined);
  const early = put.then(() => {
    throw new Violation(`the Put of the ${kind} ${mac.hex} was answered after the first half`);
  });
  await Promise.race([valve.reached, early]);
  return {
    finish: async () => {
      valve.open();
      return await put;
    },
    cancel: async () => {
      const failure = new Error("the content failed half-way");
      valve.fail(failure);
      await put.catch((error: unknown) => {
        if (error !== failure) throw error;
      });
    },
  };
}

/** Content that pauses half-way until it is opened. */
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
    // Not awaited if the plugin stops reading: avoid an unhandled rejection.
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
    // The client asks for the next piece once this one has been sent.
    this.#reach();
    await this.#opened;
    yield this.#parts[1];
  }
}
