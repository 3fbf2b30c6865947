import { newAbortController } from "@kloset/wire/async";
import { type CutOffContext } from "@kloset/wire/grpc";
import type { RequestHead } from "../http2/request-head.js";

/** How a call ends when its deadline has passed; the code is DEADLINE_EXCEEDED. */
export interface CallDeadline {
  /** As {@link monotonicMs} has it. */
  readonly at: number;
}

/**
 * Milliseconds that have passed, whatever becomes of the machine's clock. Not
 * `performance.now()`: Node loads what is behind that when it is first used, and
 * hosts that set a deadline would have to wait for it.
 */
export function monotonicMs(): number {
  return process.uptime() * 1000;
}

/**
 * What an implementation is told of its call: of Connect's `HandlerContext` all
 * that needs no descriptor. It is made when it is asked for.
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

  /** Aborted when the call is over, in whatever way. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason.reason);
    }
    return this.#controller.signal;
  }

  /** Aborted when the call ends before its end, or fails, and only then. */
  get cutOff(): AbortSignal {
    if (this.#cutOff === undefined) {
      this.#cutOff = newAbortController();
      if (this.#abortReason !== undefined && !this.#hasEnded) this.#cutOff.abort(this.#abortReason.reason);
    }
    return this.#cutOff.signal;
  }

  /** Why the call was aborted; undefined while it runs. */
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

  /** Not sent: hosts read no headers but the status. */
  get responseHeader(): Headers {
    return (this.#responseHeader ??= new Headers());
  }

  get responseTrailer(): Headers {
    return this.responseHeader;
  }

  /** Milliseconds that are left; undefined when the host has set no deadline. */
  timeoutMs(): number | undefined {
    return this.#deadline === undefined ? undefined : this.#deadline.at - monotonicMs();
  }

  /** The call is cut off, or has failed. Only the first reason counts. */
  abort(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = { reason };
    this.#cutOff?.abort(reason);
    this.#controller?.abort(reason);
  }

  /** The call has ended well. */
  end(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#hasEnded = true;
    this.#abortReason = { reason };
    this.#controller?.abort(reason);
  }
}
