import { settlesWithin } from "@kloset/wire/async";
import type { DescriptorServer } from "./descriptor-server.js";
import { statusText } from "@kloset/wire/grpc";

/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Default time limit for closing the connector after the host has gone, in milliseconds. */
export const DEFAULT_CLOSE_DEADLINE_MS = 10_000;

/** The exit code after a `close()` that failed or did not finish in time, or a host that broke the protocol. */
const FAILED_EXIT_CODE = 1;

/** What a life consists of. */
export interface LifetimeOptions {
  /** One that is still being loaded is waited for, its signals caught already. */
  readonly server: PromiseLike<Pick<DescriptorServer, "closed" | "close">>;
  readonly close: () => Awaitable<void>;
  /** Time limit for `close` after the host has gone, in milliseconds; see `checkDeadline` for valid values. */
  readonly closeDeadlineMs: number;
  readonly onDisconnect?: (() => void) | undefined;
  /** Tells the user something, in a line. */
  readonly report: (line: string) => void;
}

/**
 * Lives as long as the host does, then gives the connector its chance to close.
 *
 * SIGTERM ends the connection, then all goes as if the host had gone. SIGINT
 * and SIGHUP are left to the host while there is one: a terminal sends them to
 * host and plugin alike, and the host decides what becomes of the backup.
 *
 * @returns the exit code: 0, or 1 when `close()` threw or took too long, or the
 *   host broke the protocol.
 */
export async function outliveHost(options: LifetimeOptions): Promise<number> {
  const { server, report } = options;
  const terminate = (): void => {
    void server.then((running) => {
      running.close();
    }, ignore);
  };
  process.on("SIGTERM", terminate).on("SIGINT", ignore).on("SIGHUP", ignore);
  const failure = await (await server).closed;
  process.off("SIGINT", ignore).off("SIGHUP", ignore);
  try {
    options.onDisconnect?.();
  } catch (error) {
    report(`after the host had gone: ${statusText(error)}`);
  }
  // SIGTERM stays caught: the caller exits next, and one that comes just before must not kill.
  const code = await closeInTime(options);
  // The line that says why is out already.
  return failure === undefined ? code : FAILED_EXIT_CODE;
}

async function closeInTime({ close, closeDeadlineMs, report }: LifetimeOptions): Promise<number> {
  const closing = callAsync(close);
  if (await settlesWithin(closing, closeDeadlineMs)) {
    try {
      await closing;
      return 0;
    } catch (error) {
      report(`close() failed: ${statusText(error)}`);
    }
  } else {
    report(`close() did not finish within ${closeDeadlineMs / 1000} s after the host had gone`);
  }
  return FAILED_EXIT_CODE;
}

/** Turns a throw into a rejection. */
async function callAsync(close: () => Awaitable<void>): Promise<void> {
  await close();
}

function ignore(): void {
  // Intentionally empty.
}
