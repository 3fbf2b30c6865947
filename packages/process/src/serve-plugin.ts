import { masked } from "@kloset/log";
import { settlesWithin } from "@kloset/wire/async";
import { reportCrashes } from "./crash-reports.js";
import { guardDescriptors, type Guard } from "./descriptors.js";
import { DEFAULT_CLOSE_DEADLINE_MS, FAILED_EXIT_CODE, outliveHost, type Awaitable } from "./lifetime.js";
import type { DescriptorServer, ServeDescriptors } from "./descriptor-server.js";
import { markServing } from "./missing-run.js";
import { ignoreLogErrors } from "./standard-streams.js";
import { statusText } from "@kloset/wire/grpc";
import type { Transport } from "./transport.js";

/** A description of the program, shown to users who start it by hand. */
export interface PluginProgram {
  /** The name, such as "importer". */
  readonly name: string;
  /** A short description, such as "the local file system". */
  readonly description?: string;
}

/** A server and its services. */
export interface PluginServer<Services> {
  readonly serve: ServeDescriptors<Services>;
  /** Loads the services. Called once, after the server has greeted the host. */
  readonly loadServices: () => Awaitable<Services>;
}

/** Options of {@link servePlugin}. */
export interface ServePluginOptions<Services> {
  readonly program: PluginProgram;
  /** Loads the server. Called after the descriptors are guarded, and only if a host started this process. */
  readonly load: () => Awaitable<PluginServer<Services>>;
  /** Closes the connector. Called once, after the host has disconnected. */
  readonly close: () => Awaitable<void>;
  /** Time limit for `close` after the host has disconnected, in milliseconds. Default: 10,000. */
  readonly closeDeadlineMs?: number;
  /** Time limit for flushing stderr before the exit, in milliseconds, for a log without a reader. Default: 2,000. */
  readonly logFlushMs?: number;
  /** The transport that the host uses. Default: `KLOSET_TRANSPORT`, otherwise detected. */
  readonly transport?: Transport;
  /** Called as soon as the host has disconnected, before `close`, to abort running calls. */
  readonly onDisconnect?: () => void;
}

/** Maximum number of error lines that one connection writes to the log. */
const MAX_REPORTS = 100;

/** Exit code if there is no host because the program was started by hand. */
const NO_HOST_EXIT_CODE = 2;

/** Time limit for writing pending responses to a full pipe, in milliseconds. */
const FLUSH_MS = 250;

/** Default time limit for flushing a log that has no reader, in milliseconds. */
const LOG_FLUSH_MS = 2000;

/**
 * Serves a plugin to the host that started this process, and exits when the host has disconnected.
 *
 * Exit codes:
 * - 0: the host disconnected, or SIGTERM was received.
 * - 1: `close` threw or did not finish in time, the host violated the protocol, or an error was not caught while the
 *   plugin ran, which goes on after it; stderr names the cause.
 * - 2: no host started this process (two lines on stderr describe the program), the requested transport is missing, or
 *   something was printed to it before the guard.
 *
 * @returns when the host has disconnected and `close` is done. The process exits right after that, even if timers or
 *   handles are still active.
 */
export async function servePlugin<Services>(options: ServePluginOptions<Services>): Promise<void> {
  markServing();
  ignoreLogErrors();
  const guard = await findHost(options);
  const hasCrashed = reportCrashes();
  const report = (line: string): void => {
    process.stderr.write(`${options.program.name}: ${masked(line)}\n`);
  };
  let reports = 0;
  const onError = (error: Error): void => {
    // A host that keeps making the same mistake must not fill its own log.
    reports += 1;
    if (reports <= MAX_REPORTS) report(`connection: ${statusText(error)}`);
    else if (reports === MAX_REPORTS + 1) report("connection: further errors are not shown");
  };
  const server = connect(guard, options, onError);
  const { close, closeDeadlineMs = DEFAULT_CLOSE_DEADLINE_MS, onDisconnect } = options;
  const code = await outliveHost({ server, close, closeDeadlineMs, onDisconnect, report });
  await (await server).release();
  await flushStderr(options.logFlushMs ?? LOG_FLUSH_MS);
  // Deferred, so that the caller's promise settles first.
  setImmediate(() => process.exit(hasCrashed() ? FAILED_EXIT_CODE : code));
}

/** Opens the host's descriptors once the server that reads them is loaded. */
async function connect<Services>(
  guard: Guard,
  { load }: ServePluginOptions<Services>,
  onError: (error: Error) => void,
): Promise<DescriptorServer> {
  const { serve, loadServices } = await load();
  const serveGreeted = serve(guard, FLUSH_MS);
  return serveGreeted({ services: await loadServices(), onError });
}

/** Flushes stderr: exiting drops queued lines, and a socket is full after some 300 unread lines. */
async function flushStderr(limitMs: number): Promise<void> {
  const flushed = new Promise<void>((resolve) => {
    // Called when all earlier writes have completed or failed.
    process.stderr.write("", () => {
      resolve();
    });
  });
  await settlesWithin(flushed, limitMs);
}

async function findHost(options: Pick<ServePluginOptions<unknown>, "program" | "transport">): Promise<Guard> {
  let text: string;
  try {
    const guard = guardDescriptors(options.transport);
    if (guard !== undefined) return guard;
    text = byHand(options.program);
  } catch (error) {
    text = `${options.program.name}: ${statusText(error)}\n`;
  }
  await new Promise<void>((resolve) => {
    process.stderr.write(text, () => {
      resolve();
    });
  });
  process.exit(NO_HOST_EXIT_CODE);
}

function byHand({ name, description }: PluginProgram): string {
  const what = description === undefined ? name : `${name}, ${description}`;
  return (
    `This program is a plugin of Plakar (${what}): it talks to Plakar over its standard input and output.\n` +
    "It is not started by hand: install its package with `plakar pkg add <file>.ptar`, and Plakar starts it.\n"
  );
}
