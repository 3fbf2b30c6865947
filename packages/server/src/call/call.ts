import {
  Code,
  isCodedError,
  PushStream,
  StatusError,
  type MethodTable,
  cutOff,
  isFarDeadline,
  timeoutMsOf,
  InboundMessages,
  type AssemblyBudget,
} from "@kloset/wire/grpc";
import { errorCode } from "@kloset/wire/http2";
import { CallContext, monotonicMs } from "./call-context.js";
import type { Http2Connection } from "../http2/http2-connection.js";
import type { Http2Stream, StreamHandler } from "../http2/http2-stream.js";
import { fieldOf } from "../http2/request-head.js";
import { ReceiveCredit } from "./receive-credit.js";
import { Requests } from "./requests.js";
import { Response } from "./response.js";
import { okStatus, statusOf, type Status } from "./status.js";
import type { Waiter } from "./waiters.js";

/** An implementation of an RPC. */
type Method = (request: unknown, context: CallContext) => unknown;

/** State that all calls of a connection share. */
export interface CallEnvironment {
  readonly connection: Http2Connection;
  readonly maxMessageBytes: number;
  readonly budget: AssemblyBudget;
  /** Waits until another call may begin. */
  readonly begins: () => Waiter | undefined;
  /** Waits while too many answers are unread; undefined when there is room. */
  readonly room: () => Waiter | undefined;
}

/** A method and its implementation. */
export interface CallTarget {
  readonly method: MethodTable;
  readonly implementation: Method;
}

const callEnded = cutOff("the call has ended");
const callFailed = cutOff("the call has failed");

/**
 * - `new`: requests are collected; the implementation has not been called.
 * - `begun`: the implementation runs, or waits for its turn to run.
 * - `over`: the status or a reset has been sent, or the stream has ended. Nothing more is sent.
 *
 * Independently of this, the call can have been aborted: see {@link CallContext.aborted}.
 */
type State = "new" | "begun" | "over";

/** One RPC, from its headers to its status. */
export class Call implements StreamHandler {
  readonly #environment: CallEnvironment;
  readonly #stream: Http2Stream;
  readonly #target: CallTarget;
  readonly #context: CallContext;
  readonly #inbound: InboundMessages;
  readonly #credit: ReceiveCredit;
  readonly #requests: Requests;
  readonly #response: Response;
  readonly #timer: NodeJS.Timeout | undefined;
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  /** The current wait, for other calls or for the host. */
  readonly #waits = new Set<Waiter>();
  #state: State = "new";

  constructor(environment: CallEnvironment, stream: Http2Stream, target: CallTarget) {
    const { connection, maxMessageBytes, budget } = environment;
    this.#environment = environment;
    this.#stream = stream;
    this.#target = target;
    const timeout = fieldOf(stream.head, "grpc-timeout") ?? "";
    const timeoutMs = isFarDeadline(timeout) ? undefined : timeoutMsOf(timeout);
    const deadline = timeoutMs === undefined ? undefined : { at: monotonicMs() + timeoutMs };
    this.#context = new CallContext(stream.head, deadline);
    this.#response = new Response(connection, stream, target.method, maxMessageBytes);
    this.#requests = new Requests((cost) => {
      this.#credit.taken(cost);
    });
    let messages = 0;
    this.#inbound = new InboundMessages(target.method.input, maxMessageBytes, budget, {
      onMessage: (message, cost) => {
        this.#credit.delivered(cost);
        this.#requests.push(message, cost);
        // The second message is refused; waiting for the rest would only fill the window.
        if (!isStreaming(target.method) && ++messages > 1) this.#begin();
      },
      onError: (error) => {
        this.#requests.fail(error);
        this.#begin();
      },
    });
    this.#credit = new ReceiveCredit(connection, stream, () => this.#inbound.pendingBytes);
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        this.#abort(new StatusError("the operation timed out", Code.DeadlineExceeded));
      }, timeoutMs);
    }
    // A streaming call begins before its requests arrive; but a call that is cancelled with its headers never begins.
    if (isStreaming(target.method))
      queueMicrotask(() => {
        this.#begin();
      });
  }

  get unreadBytes(): number {
    return this.#credit.unreadBytes;
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#credit.received(end - start);
    this.#inbound.read(bytes, start, end);
    this.#credit.update();
  }

  /**
   * The host has half-closed the stream. Bytes that arrived with the half-close are
   * handled first: a client that cancels may half-close the stream and reset it right
   * after (Node's does), and half an upload must not pass for a whole one.
   */
  onEnd(): void {
    queueMicrotask(() => {
      if (this.#state === "over" || this.#context.aborted !== undefined) return;
      if (!this.#inbound.isWhole)
        this.#requests.fail(new StatusError("the request ended in the middle of a message", Code.InvalidArgument));
      else this.#requests.end();
      if (!isStreaming(this.#target.method)) this.#begin();
    });
  }

  onCut(reason: Error): void {
    this.#end();
    this.#abort(reason);
  }

  onClose(): void {
    this.#end();
    this.#requests.abort(callEnded);
    this.#context.end(callEnded);
  }

  /** Aborts the implementation: the call has been cut off, or its deadline has passed. */
  #abort(reason: unknown): void {
    this.#inbound.close();
    this.#requests.abort(reason);
    this.#context.abort(reason);
    this.#giveUpWaits();
    this.#credit.drop();
    this.#stopIterator();
    if (this.#state === "over" || !isCodedError(reason)) return;
    // The host gets its answer now, even if the implementation ignores its signal.
    if (!this.#response.isQueued) this.#finish(statusOf(reason));
    // If output is still queued, reset the stream instead: a status would wait behind it.
    else this.#reset(errorCode.cancel);
  }

  #end(): void {
    this.#state = "over";
    clearTimeout(this.#timer);
    this.#inbound.close();
    this.#giveUpWaits();
    this.#credit.drop();
  }

  #begin(): void {
    if (this.#state !== "new" || this.#context.aborted !== undefined) return;
    this.#state = "begun";
    const wait = this.#environment.begins();
    if (wait === undefined) this.#run();
    else
      void this.#over(wait).then(() => {
        this.#run();
      });
  }

  /** Answers within the current microtask if the answer is there at once. */
  #run(): void {
    if (this.#context.aborted !== undefined) return;
    try {
      const answering = this.#answer();
      if (answering === undefined) this.#finish(okStatus);
      else answering.then(this.#succeeded, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  readonly #succeeded = (): void => {
    this.#finish(okStatus);
  };

  readonly #failed = (error: unknown): void => {
    // After the deadline the status is DEADLINE_EXCEEDED, however the implementation reacted to its signal.
    const reason = this.#context.aborted?.reason;
    this.#finish(statusOf(isCodedError(reason) ? reason : error));
  };

  /** Calls the implementation as the kind of the method requires. @returns undefined when the answer was sent at once. */
  #answer(): Promise<void> | undefined {
    const { implementation, method } = this.#target;
    const request = isStreaming(method) ? this.#requests : this.#onlyRequest(method);
    const response = implementation(request, this.#context);
    if (method.kind === "unary" || method.kind === "client_streaming") return this.#sendOne(response);
    return response instanceof PushStream ? this.#sendPushed(response) : this.#sendAll(response);
  }

  /** Returns the request of a call that has begun, which has arrived with all that follows it. */
  #onlyRequest(method: MethodTable): unknown {
    const first = this.#requests.take();
    if (first === undefined) {
      this.#requests.throwIfFailed();
      throw new StatusError(`protocol error: missing input message for ${kindOf(method)} method`, Code.Unimplemented);
    }
    if (this.#requests.take() !== undefined) {
      throw new StatusError(
        `protocol error: received extra input message for ${kindOf(method)} method`,
        Code.Unimplemented,
      );
    }
    this.#requests.throwIfFailed();
    return first;
  }

  async #sendOne(response: unknown): Promise<void> {
    const message: unknown = await response;
    if (this.#isOpen) await this.#response.send(message);
  }

  #sendPushed(response: PushStream<unknown>): Promise<void> | undefined {
    const pushing = response.run((message) => this.#push(message));
    const check = (): void => {
      // A call that was cut off never succeeds, however the implementation reacted to its signal.
      if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
    };
    if (pushing !== undefined) return pushing.then(check);
    check();
    return undefined;
  }

  async #sendAll(response: unknown): Promise<void> {
    if (!isAsyncIterable(response))
      throw new StatusError("the method answered with no iterable of messages", Code.Internal);
    const iterator = response[Symbol.asyncIterator]();
    this.#iterator = iterator;
    if (this.#context.aborted !== undefined) this.#stopIterator();
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      if (!this.#isOpen || this.#context.aborted !== undefined) break;
      const sent = this.#response.send(step.value);
      if (sent !== undefined) await sent;
      const wait = this.#environment.room();
      if (wait !== undefined) await this.#over(wait);
    }
    this.#iterator = undefined;
    if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
  }

  /** Sends a message that the implementation pushes. @returns undefined when there is room for more at once. */
  #push(message: unknown): Promise<void> | undefined {
    if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
    const sent = this.#response.send(message);
    const wait = this.#environment.room();
    if (sent === undefined && wait === undefined) return undefined;
    return Promise.all([sent, this.#over(wait)]).then(() => {
      if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
    });
  }

  /** Returns whether the call can still send. A method, because the state changes while the code awaits. */
  get #isOpen(): boolean {
    return this.#state !== "over";
  }

  /** Waits, at most until the call ends. */
  async #over(wait: Waiter | undefined): Promise<void> {
    if (wait === undefined) return;
    this.#waits.add(wait);
    if (!this.#isOpen || this.#context.aborted !== undefined) this.#giveUpWaits();
    await wait.over;
    this.#waits.delete(wait);
  }

  #giveUpWaits(): void {
    for (const wait of this.#waits) wait.giveUp();
  }

  /** Ends the implementation's stream, so that its `finally` runs. A busy generator ends at its next yield. */
  #stopIterator(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    try {
      Promise.resolve(iterator.return()).catch(ignore);
    } catch {
      // The call is over: errors of its implementation no longer matter.
    }
  }

  #finish(status: Status): void {
    if (this.#state === "over") return;
    this.#state = "over";
    clearTimeout(this.#timer);
    // Let the implementation release its resources: the host will not ask for more.
    if (status !== okStatus) {
      this.#context.abort(callFailed);
      this.#giveUpWaits();
    }
    try {
      this.#response.sendStatus(status);
    } catch {
      this.#reset(errorCode.internalError);
    }
  }

  /** Ends the call without a status. */
  #reset(code: number): void {
    this.#environment.connection.reset(this.#stream, code);
    this.onClose();
  }
}

function isStreaming({ kind }: MethodTable): boolean {
  return kind === "client_streaming" || kind === "bidi_streaming";
}

/** Names the kind of a method as Connect's error texts do. */
function kindOf({ kind }: MethodTable): string {
  return kind.replace("_", "-");
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function ignore(): void {
  // The call is over: its generator may throw while it is being closed.
}
