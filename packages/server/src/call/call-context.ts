import { newAbortController } from "@kloset/wire/async";
import { type CutOffContext } from "@kloset/wire/grpc";
import type { RequestHead } from "../http2/request-head.js";

/** The status message of a call whose deadline has passed; its code is DEADLINE_EXCEEDED. */
export interface CallDeadline {
  /** In terms of {@link monotonicMs}. */
  readonly at: number;
}

/**
 * Returns a monotonic time in milliseconds, which changes of the system clock do not affect.
 * `performance.now()` is avoided: Node loads its implementation on first use, which would
 * delay hosts that set a deadline.
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/**
 * The context that an implementation receives: the members of Connect's `HandlerContext`
 * that need no descriptor. Created on first use.
 */
export class CallContext implements CutOffContext {
  readonly #head: RequestHead;
  readonly #deadline: CallDeadline | undefined;
  #controller: AbortController | undefined;
  #cutOff: AbortController | undefined;
  #hasEnded = false;
  #abortReason: { readonly reason: unknown } | undefined;
  #requestHeader: Headers | undefined;
  #responseHeader: Headers | undefined;
  readonly protocolName = "grpc";
  readonly requestMethod = "POST";

  constructor(head: RequestHead, deadline: CallDeadline | undefined) {
    this.#head = head;
    this.#deadline = deadline;
  }

  /** Aborted when the call is over, however it ended. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason.reason);
    }
    return this.#controller.signal;
  }

  /** Aborted only when the call is cut off or fails. */
  get cutOff(): AbortSignal {
    if (this.#cutOff === undefined) {
      this.#cutOff = newAbortController();
      if (this.#abortReason !== undefined && !this.#hasEnded) this.#cutOff.abort(this.#abortReason.reason);
    }
    return this.#cutOff.signal;
  }

  throwIfCutOff(): void {
    if (this.#cutOff !== undefined) this.#cutOff.signal.throwIfAborted();
    else if (this.#abortReason !== undefined && !this.#hasEnded) throw this.#abortReason.reason;
  }

  /** The reason why the call was aborted; undefined while it runs. */
  get aborted(): { readonly reason: unknown } | undefined {
    return this.#abortReason;
  }

  get url(): string {
    const { authority, path } = this.#head;
    return `http://${authority === "" ? "localhost" : authority}${path}`;
  }

  get requestHeader(): Headers {
    if (this.#requestHeader === undefined) {
      this.#requestHeader = new Headers();
      for (const [name, value] of this.#head.fields) this.#requestHeader.append(name, value);
    }
    return this.#requestHeader;
  }

  /** Never sent: hosts read no header but the status. */
  get responseHeader(): Headers {
    return (this.#responseHeader ??= new Headers());
  }

  get responseTrailer(): Headers {
    return this.responseHeader;
  }

  /** Returns the milliseconds until the deadline; undefined when the host has set none. */
  timeoutMs(): number | undefined {
    return this.#deadline === undefined ? undefined : this.#deadline.at - monotonicMs();
  }

  /** Aborts the signals: the call was cut off or has failed. Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = { reason };
    this.#cutOff?.abort(reason);
    this.#controller?.abort(reason);
  }

  /** Ends the context of a call that has succeeded. */
  end(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#hasEnded = true;
    this.#abortReason = { reason };
    this.#controller?.abort(reason);
  }
}
