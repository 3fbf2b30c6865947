import {
  Code,
  isCodedError,
  PushStream,
  StatusError,
  type MethodTable,
  cutOff,
  isFarDeadline,
  timeoutMsOf,
} from "@kloset/wire/grpc";
import { errorCode } from "@kloset/wire/http2";
import { CallContext, monotonicMs } from "./call-context.js";
import { responseHeaders } from "../http2/header-blocks.js";
import type { Http2Connection } from "../http2/http2-connection.js";
import type { Http2Stream, StreamHandler } from "../http2/http2-stream.js";
import { InboundMessages, type AssemblyBudget } from "./inbound-messages.js";
import { MAX_WAITING_BYTES } from "../limits.js";
import { OutboundMessage } from "./outbound-message.js";
import { fieldOf } from "../http2/request-head.js";
import { Requests } from "./requests.js";
import { okStatus, statusOf, type Status } from "./status.js";
import { sendStatus } from "./send-status.js";
import type { Wait } from "./waits.js";

/** Anything that answers an RPC. */
type Method = (request: unknown, context: CallContext) => unknown;

/** What all calls of a connection share. */
export interface CallEnvironment {
  readonly connection: Http2Connection;
  readonly maxMessageBytes: number;
  readonly budget: AssemblyBudget;
  /** Waits until a further call may begin. */
  readonly begins: () => Wait | undefined;
  /** Waits while so many answers are not read that no more may be made. Undefined: go on. */
  readonly room: () => Wait | undefined;
}

/** What is called. */
export interface CallTarget {
  readonly method: MethodTable;
  readonly implementation: Method;
}

const callEnded = cutOff("the call has ended");
const callFailed = cutOff("the call has failed");

/** One RPC, from its headers to its status. */
export class Call implements StreamHandler {
  readonly #environment: CallEnvironment;
  readonly #stream: Http2Stream;
  readonly #target: CallTarget;
  readonly #context: CallContext;
  readonly #inbound: InboundMessages;
  readonly #requests: Requests;
  readonly #timer: NodeJS.Timeout | undefined;
  #iterator: AsyncIterator<unknown> | Iterator<unknown> | undefined;
  /** Bytes that have come and that nobody has taken, with what they cost. */
  #waitingCost = 0;
  /** Of the bytes that have come, those for which the window has not grown. */
  #withheld = 0;
  #reported = 0;
  /** What it waits for that other calls or the host must give. */
  readonly #waits = new Set<Wait>();
  #hasBegun = false;
  #hasHeaders = false;
  #isOver = false;

  constructor(environment: CallEnvironment, stream: Http2Stream, target: CallTarget) {
    this.#environment = environment;
    this.#stream = stream;
    this.#target = target;
    const timeout = fieldOf(stream.head, "grpc-timeout") ?? "";
    const timeoutMs = isFarDeadline(timeout) ? undefined : timeoutMsOf(timeout);
    const deadline = timeoutMs === undefined ? undefined : { at: monotonicMs() + timeoutMs };
    this.#context = new CallContext(stream.head, deadline);
    this.#requests = new Requests((cost) => {
      this.#taken(cost);
    });
    let messages = 0;
    this.#inbound = new InboundMessages(target.method.input, environment.maxMessageBytes, environment.budget, {
      onMessage: (message, cost) => {
        this.#waitingCost += cost;
        this.#requests.push(message, cost);
        // It is refused, and what follows it would fill the window.
        if (!isStreaming(target.method) && ++messages > 1) this.#begin();
      },
      onError: (error) => {
        this.#requests.fail(error);
        this.#begin();
      },
    });
    if (timeoutMs !== undefined) {
      this.#timer = setTimeout(() => {
        this.#abort(new StatusError("the operation timed out", Code.DeadlineExceeded));
      }, timeoutMs);
    }
    // Its requests are iterated as they come; but one that is cancelled with its headers is not begun.
    if (isStreaming(target.method))
      queueMicrotask(() => {
        this.#begin();
      });
  }

  get unreadBytes(): number {
    return this.#waitingCost + this.#inbound.pendingBytes;
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#withheld += end - start;
    this.#inbound.read(bytes, start, end);
    this.#look();
  }

  /**
   * The host has half-closed the stream. What came with the same bytes is looked AT
   * first: a client that cancels may half-close the stream and reset it right
   * behind (Node's does), and half an upload must not pass for a whole one.
   */
  onEnd(): void {
    queueMicrotask(() => {
      if (this.#isOver || this.#context.aborted !== undefined) return;
      if (!this.#inbound.isWhole)
        this.#requests.fail(new StatusError("the request ended in the middle of a message", Code.InvalidArgument));
      else this.#requests.end();
      if (!isStreaming(this.#target.method)) this.#begin();
    });
  }

  onCut(reason: Error): void {
    this.#isOver = true;
    this.#end();
    this.#abort(reason);
  }

  onClose(): void {
    this.#isOver = true;
    this.#end();
    this.#requests.abort(callEnded);
    this.#context.end(callEnded);
  }

  /** Tells the implementation that its call is over before its end. */
  #abort(reason: unknown): void {
    this.#inbound.close();
    this.#requests.abort(reason);
    this.#context.abort(reason);
    this.#giveUpWaits();
    this.#waitingCost = 0;
    this.#look();
    this.#stopIterator();
    if (this.#isOver || !isCodedError(reason)) return;
    // One that does not look AT its signal must not keep the host waiting.
    if (this.#stream.outgoing.length === 0) this.#finish(statusOf(reason));
    // Nor must what the host does not take: a status would stand behind it, and whoever sends it would wait as long.
    else this.#reset(errorCode.cancel);
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#inbound.close();
    this.#giveUpWaits();
    this.#waitingCost = 0;
    this.#look();
  }

  /** A request was taken. */
  #taken(cost: number): void {
    this.#waitingCost = Math.max(0, this.#waitingCost - cost);
    this.#look();
  }

  /** Lets the host send more while what it has sent is being read, and tells what is not. */
  #look(): void {
    if (this.#withheld > 0 && this.#waitingCost <= MAX_WAITING_BYTES) {
      this.#environment.connection.credit(this.#stream, this.#withheld);
      this.#withheld = 0;
    }
    const { unreadBytes } = this;
    const change = unreadBytes - this.#reported;
    this.#reported = unreadBytes;
    if (change !== 0) this.#environment.connection.unread(change);
  }

  #begin(): void {
    if (this.#hasBegun || this.#isOver || this.#context.aborted !== undefined) return;
    this.#hasBegun = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      await this.#over(this.#environment.begins());
      if (this.#context.aborted !== undefined) return;
      await this.#answer();
      this.#finish(okStatus);
    } catch (error) {
      this.#finish(statusOf(this.#cause(error)));
    }
  }

  /** What the host is told: that a deadline has passed, whatever an implementation made of its signal. */
  #cause(error: unknown): unknown {
    const reason = this.#context.aborted?.reason;
    return isCodedError(reason) ? reason : error;
  }

  /** Calls the implementation as its kind wants it. */
  async #answer(): Promise<void> {
    const { implementation, method } = this.#target;
    const request = isStreaming(method) ? this.#requests : await this.#onlyRequest(method);
    const response = implementation(request, this.#context);
    if (method.kind === "unary" || method.kind === "client_streaming") {
      const message: unknown = await response;
      if (!this.#isOver) await this.#send(message);
      return;
    }
    await this.#sendAll(response);
  }

  async #onlyRequest(method: MethodTable): Promise<unknown> {
    const first = await this.#requests.next();
    if (first.done === true)
      throw new StatusError(`protocol error: missing input message for ${kindOf(method)} method`, Code.Unimplemented);
    const second = await this.#requests.next();
    if (second.done === true) return first.value;
    throw new StatusError(
      `protocol error: received extra input message for ${kindOf(method)} method`,
      Code.Unimplemented,
    );
  }

  async #sendAll(response: unknown): Promise<void> {
    if (response instanceof PushStream) {
      await response.run((message) => this.#push(message));
      // Cut off: whatever the implementation made of that, it is not the end of the messages.
      if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
      return;
    }
    if (!isAsyncIterable(response))
      throw new StatusError("the method answered with no iterable of messages", Code.Internal);
    const iterator = response[Symbol.asyncIterator]();
    this.#iterator = iterator;
    if (this.#context.aborted !== undefined) this.#stopIterator();
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
      if (this.#isOver || this.#context.aborted !== undefined) break;
      const sent = this.#send(step.value);
      if (sent !== undefined) await sent;
      const wait = this.#environment.room();
      if (wait !== undefined) await this.#over(wait);
    }
    this.#iterator = undefined;
    // Stopped: that is not the end of the messages.
    if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
  }

  /** Sends what an implementation pushes. @returns undefined when there is room for more AT once. */
  #push(message: unknown): Promise<void> | undefined {
    if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
    const sent = this.#send(message);
    const wait = this.#environment.room();
    if (sent === undefined && wait === undefined) return undefined;
    return Promise.all([sent, this.#over(wait)]).then(() => {
      if (this.#context.aborted !== undefined) throw this.#context.aborted.reason;
    });
  }

  /** Waits, but for no longer than the call lasts. */
  async #over(wait: Wait | undefined): Promise<void> {
    if (wait === undefined) return;
    this.#waits.add(wait);
    if (this.#isOver || this.#context.aborted !== undefined) this.#giveUpWaits();
    await wait.over;
    this.#waits.delete(wait);
  }

  #giveUpWaits(): void {
    for (const wait of this.#waits) wait.giveUp();
  }

  /** Ends an implementation's stream, so that its `finally` runs. One that is busy ends AT its next yield. */
  #stopIterator(): void {
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    try {
      Promise.resolve(iterator.return()).catch(ignore);
    } catch {
      // It is over, whatever it thinks.
    }
  }

  /** @returns undefined when the message was sent AT once, as it is mostly. */
  #send(message: unknown): Promise<void> | undefined {
    const { connection, maxMessageBytes } = this.#environment;
    const outbound = new OutboundMessage(this.#target.method.output, message, maxMessageBytes);
    if (!this.#hasHeaders) {
      this.#hasHeaders = true;
      connection.sendHeaders(this.#stream, responseHeaders, false);
    }
    if (connection.sendNow(this.#stream, outbound)) return undefined;
    const sent: { isDone: boolean; resolve?: () => void } = { isDone: false };
    connection.sendData(this.#stream, outbound, false, () => {
      sent.isDone = true;
      sent.resolve?.();
    });
    if (sent.isDone) return undefined;
    outbound.keep();
    // It may hold memory of the implementation's, who gets its turn when that is copied.
    return new Promise((resolve, reject) => {
      sent.resolve = (): void => {
        if (!outbound.isLost) resolve();
        else reject(new Error("the bytes of a message were transferred or resized while it was sent"));
      };
    });
  }

  #finish(status: Status): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    // What it has opened is of no use any more: nobody hears of it.
    if (status !== okStatus) {
      this.#context.abort(callFailed);
      this.#giveUpWaits();
    }
    const { connection } = this.#environment;
    try {
      sendStatus(connection, this.#stream, status, this.#hasHeaders);
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

/** As Connect words it. */
function kindOf({ kind }: MethodTable): string {
  return kind.replace("_", "-");
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function ignore(): void {
  // The call is over; what its end throws concerns nobody.
}
