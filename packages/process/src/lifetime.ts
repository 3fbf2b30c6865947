import { settlesWithin } from "@kloset/wire/async";
import type { DescriptorServer } from "./descriptor-server.js";
import { reportStack, statusText } from "@kloset/wire/grpc";

/** A value or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** Default time limit for closing the connector after the host has disconnected, in milliseconds. */
export const DEFAULT_CLOSE_DEADLINE_MS = 10_000;

/** Exit code if `close()` failed or did not finish in time, the host violated the protocol, or an error was uncaught. */
export const FAILED_EXIT_CODE = 1;

/** Options of {@link outliveHost}. */
export interface LifetimeOptions {
  /** The server, which may still be loading. Signals are handled from the start. */
  readonly server: PromiseLike<Pick<DescriptorServer, "closed" | "close">>;
  readonly close: () => Awaitable<void>;
  /** Time limit for `close` after the host has disconnected, in milliseconds; see `checkDeadline` for valid values. */
  readonly closeDeadlineMs: number;
  readonly onDisconnect?: (() => void) | undefined;
  /** Reports a problem to the user, on one line. */
  readonly report: (line: string) => void;
}

/**
 * Waits until the host has disconnected, then closes the connector.
 *
 * SIGTERM ends the connection, as if the host had disconnected. SIGINT and SIGHUP are ignored while the host is
 * connected: a terminal sends them to both host and plugin, and the host decides how to end the backup.
 *
 * @returns the exit code: 0, or 1 if `close()` threw or took too long, or if the host violated the protocol.
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
    reportStack(error);
  }
  // Keep handling SIGTERM: the caller exits next, and a late signal must not change the exit code.
  const code = await closeInTime(options);
  // The failure itself has already been reported.
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
      reportStack(error);
    }
  } else {
    report(`close() did not finish within ${closeDeadlineMs / 1000} s after the host had gone`);
  }
  return FAILED_EXIT_CODE;
}

/** Calls `close`, turning a synchronous throw into a rejection. */
async function callAsync(close: () => Awaitable<void>): Promise<void> {
  await close();
}

function ignore(): void {
  // Intentionally empty.
}
