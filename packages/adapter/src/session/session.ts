import { setImmediate as nextTurn } from "node:timers/promises";
import { checkDeadline, newAbortController, settlesWithin, startDeadline } from "@kloset/wire/async";
import type { Awaitable } from "@kloset/model";
import { Condition } from "../async/condition.js";
import { failedPrecondition, type Failure } from "../calls/errors.js";
import { noticeOnce } from "./notice.js";

/** A connector together with the adapter's data about it. */
export interface Opened<T> {
  readonly value: T;
  /**
   * Called once by the host's Close, before `close`. Not called if the host has gone, or if calls are still running at
   * the deadline. If it throws, Close fails with its error.
   */
  readonly finish?: (() => Awaitable<void>) | undefined;
  /** The connector's own close. */
  readonly close: () => Awaitable<void>;
}

/** Options of a {@link Session}. */
export interface SessionOptions {
  /**
   * If true, calls that arrive after Close are served by a newly opened connector.
   * Hosts delete a storage's lock during Close, or after it.
   */
  readonly reopens?: boolean;
  /**
   * Time limit for Close to wait for calls in flight, in milliseconds. After that the connector is closed even if
   * they are still running. `Infinity` disables the limit. Default: 10,000.
   */
  readonly drainDeadlineMs?: number;
  /**
   * The same limit once the host has gone: time for aborted calls to clean up, in milliseconds. `Infinity` disables
   * the limit. Default: 1,000.
   */
  readonly abortDeadlineMs?: number;
  /** Time after which a notice says that the connector's finish or close has not finished, in milliseconds. Default: 10,000. */
  readonly closeNoticeMs?: number;
}

const DEFAULT_DRAIN_DEADLINE_MS = 10_000;
const DEFAULT_ABORT_DEADLINE_MS = 1_000;
const DEFAULT_CLOSE_NOTICE_MS = 10_000;

/**
 * The life cycle of one connector: Init once, then calls, then Close, in whatever order the
 * host sends them. The connector is closed when no call is in flight, or at the end of the
 * connection.
 *
 * Every method takes the full name of the RPC, such as "store.Store/List", for errors.
 */
export class Session<T> {
  readonly #reopens: boolean;
  readonly #drainDeadlineMs: number;
  readonly #abortDeadlineMs: number;
  readonly #closeNoticeMs: number;
  readonly #controller = newAbortController();
  #state: "new" | "starting" | "ready" | "closed" = "new";
  #open: ((signal: AbortSignal) => Awaitable<Opened<T>>) | undefined;
  #opened: Opened<T> | undefined;
  /** Pending while the connector is being opened. */
  #starting: Promise<Opened<T>> | undefined;
  /** Pending while the connector is being reopened after Close. */
  #reopening: Promise<Opened<T>> | undefined;
  #closing: Promise<void> | undefined;
  /** True when the connection has ended, which ends every wait. */
  #ended = false;
  #inFlight = 0;
  /** Notified when no call is in flight, and when the wait for that is given up. */
  readonly #idle = new Condition();

  /** @throws RangeError for a deadline that is NaN or negative. */
  constructor(options: SessionOptions = {}) {
    this.#reopens = options.reopens === true;
    this.#drainDeadlineMs = checkDeadline("drainDeadlineMs", options.drainDeadlineMs ?? DEFAULT_DRAIN_DEADLINE_MS);
    this.#closeNoticeMs = checkDeadline("closeNoticeMs", options.closeNoticeMs ?? DEFAULT_CLOSE_NOTICE_MS);
    this.#abortDeadlineMs = checkDeadline("abortDeadlineMs", options.abortDeadlineMs ?? DEFAULT_ABORT_DEADLINE_MS);
  }

  /** Aborted when the host has gone. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Opens the connector.
   *
   * @param open - Called again for calls after Close if the session reopens.
   * @throws StatusError FAILED_PRECONDITION for a second Init; what `open` throws, after which Init may be retried.
   */
  async init(rpc: string, open: (signal: AbortSignal) => Awaitable<Opened<T>>): Promise<T> {
    if (this.#state !== "new") throw failedPrecondition(`${rpc} was called twice`);
    this.#open = open;
    return (await this.#start(rpc, open)).value;
  }

  /**
   * Runs one call on the connector.
   *
   * @throws StatusError FAILED_PRECONDITION before Init, and after Close unless the session reopens.
   */
  async run<R>(rpc: string, call: (value: T) => Awaitable<R>): Promise<R> {
    const { value } = await this.#enter(rpc);
    try {
      return await call(value);
    } finally {
      this.#leave();
    }
  }

  /**
   * Runs one call on the connector, like {@link Session.run}, without a promise if the call needs none.
   *
   * @param call - Returns undefined when it is done.
   * @returns undefined when the call is done; otherwise a promise to wait for.
   */
  runNow(rpc: string, call: (value: T) => Promise<void> | undefined): Promise<void> | undefined {
    const opened = this.#opened;
    // Calls after Close may have to wait for a new connector, and others are refused.
    if (opened === undefined || this.#state !== "ready" || this.#reopening !== undefined) return this.run(rpc, call);
    this.#inFlight++;
    let running;
    try {
      running = call(opened.value);
    } catch (error) {
      this.#leave();
      throw error;
    }
    if (running !== undefined) {
      return running.finally(() => {
        this.#leave();
      });
    }
    this.#leave();
    return undefined;
  }

  /**
   * Answers the host's Close: finishes and closes the connector when no call is in flight, or only closes it after the
   * deadline. A second Close gets the same answer as the first.
   *
   * @throws StatusError FAILED_PRECONDITION before Init; what the connector's finish and close throw; Error if finish
   *   was not called because a call was still running.
   */
  async close(rpc: string): Promise<void> {
    // A late call is reopening the connector, which must be closed again.
    if (this.#reopening !== undefined) await settlesWithin(this.#reopening, this.#drainDeadlineMs);
    if (this.#state !== "ready" && this.#closing === undefined) {
      throw failedPrecondition(`${rpc} was called before Init`);
    }
    this.#closing ??= this.#closeWhenIdle();
    await this.#closing;
  }

  /**
   * Ends the session because the host has gone: aborts the signal, gives calls time to clean
   * up, and closes the connector if Close has not done so.
   *
   * @throws what the connector's close throws.
   */
  async end(): Promise<void> {
    this.abort();
    const deadline = this.#abortDeadlineMs;
    const starting = this.#reopening ?? this.#starting;
    if (starting !== undefined) await settlesWithin(starting, deadline);
    await this.#whenIdle(deadline, () => {
      this.#ended = true;
      // Ends the wait of a pending Close.
      this.#idle.notifyAll();
      if (this.#state === "ready") this.#closing ??= this.#closeNow();
    });
    await this.#closing;
  }

  /**
   * Awaits a function of the connector for which the host waits without a limit, and shows nothing meanwhile. Logs a
   * notice when that takes long.
   *
   * @param what - Names the function, such as "close()".
   */
  async watch(what: string, call: () => Awaitable<void>): Promise<void> {
    const timer = startDeadline(() => {
      noticeOnce(`${what} has not finished after ${this.#closeNoticeMs / 1000} s; the plugin is still waiting for it`);
    }, this.#closeNoticeMs);
    timer?.unref();
    try {
      await call();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Aborts {@link Session.signal}: the host has gone. */
  abort(): void {
    if (!this.signal.aborted) this.#controller.abort(new Error("the host has gone"));
  }

  async #enter(rpc: string): Promise<Opened<T>> {
    let opened = this.#opened;
    if (this.#reopening !== undefined || (this.#state === "closed" && this.#reopens)) {
      // All late calls share one new connector, which is opened only after the old one has been closed.
      this.#reopening ??= this.#reopen(rpc).finally(() => {
        this.#reopening = undefined;
      });
      opened = await this.#reopening;
    } else if (this.#state !== "ready" || opened === undefined) {
      const when = this.#state === "closed" ? "after Close" : "before Init";
      throw failedPrecondition(`${rpc} was called ${when}`);
    }
    this.#inFlight++;
    return opened;
  }

  #leave(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#idle.notifyAll();
  }

  async #reopen(rpc: string): Promise<Opened<T>> {
    await this.#closing?.catch(() => undefined);
    const open = this.#open;
    if (open === undefined) throw failedPrecondition(`${rpc} was called before Init`);
    const opened = await this.#start(rpc, open);
    this.#closing = undefined;
    return opened;
  }

  async #start(rpc: string, open: (signal: AbortSignal) => Awaitable<Opened<T>>): Promise<Opened<T>> {
    if (this.signal.aborted) throw failedPrecondition(`${rpc}: the host has gone`);
    const before = this.#state;
    this.#state = "starting";
    const starting = (async () => open(this.signal))();
    this.#starting = starting;
    try {
      const opened = await starting;
      if (this.#ended) await closeUnwanted(opened);
      this.#opened = opened;
      this.#state = "ready";
      return opened;
    } catch (error) {
      this.#state = before;
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  async #closeWhenIdle(): Promise<void> {
    // Calls that the host sent together with Close arrive in this turn or the next.
    await nextTurn();
    await this.#whenIdle(this.#drainDeadlineMs, () => this.#closeNow((finish) => this.#finish(finish)));
  }

  /** @param finishing - Called with the connector's finish, if it has one. */
  async #closeNow(finishing: (finish: () => Awaitable<void>) => Awaitable<void> = () => undefined): Promise<void> {
    this.#state = "closed";
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined) return;
    const { finish, close } = opened;
    let failure: Failure | undefined;
    try {
      if (finish !== undefined) await finishing(finish);
    } catch (error) {
      failure = { error };
    }
    try {
      await this.watch("close()", close);
    } catch (error) {
      // The first failure is the cause.
      failure ??= { error };
    }
    if (failure !== undefined) throw failure.error;
  }

  async #finish(finish: () => Awaitable<void>): Promise<void> {
    // The host is no longer there to say that it was done: calls may have been cut off.
    if (this.signal.aborted) return;
    if (this.#inFlight > 0) {
      const seconds = this.#drainDeadlineMs / 1000;
      throw new Error(`finish() was not called: a call was still running ${seconds} s after Close`);
    }
    await this.watch("finish()", finish);
  }

  /**
   * Waits until no call is in flight, the deadline has passed, or the connection has ended.
   *
   * @param then - Called before another call can start.
   */
  async #whenIdle<R>(ms: number, then: () => Awaitable<R>): Promise<R> {
    const deadline = { passed: false };
    const timer = startDeadline(() => {
      deadline.passed = true;
      this.#idle.notifyAll();
    }, ms);
    while (this.#inFlight > 0 && !deadline.passed && !this.#ended) {
      await this.#idle.changed();
    }
    clearTimeout(timer);
    return then();
  }
}

/** Closes a connector that was still being opened when the connection ended. */
async function closeUnwanted(opened: Opened<unknown>): Promise<never> {
  await opened.close();
  throw failedPrecondition("the host has gone");
}
