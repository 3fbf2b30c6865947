import { settlesWithin } from "@kloset/wire/async";
import { reportCrashes } from "./crash-reports.js";
import { guardDescriptors, type Guard } from "./descriptors.js";
import { DEFAULT_CLOSE_DEADLINE_MS, outliveHost, type Awaitable } from "./lifetime.js";
import type { DescriptorServer, ServeDescriptors } from "./descriptor-server.js";
import { putUpWithLostLog } from "./standard-streams.js";
import { statusText } from "@kloset/wire/grpc";
import type { Transport } from "./transport.js";

/** What a program is, for the person who starts it by hand. */
export interface PluginProgram {
  /** As "importer". */
  readonly name: string;
  /** A few words, as "the local file system". */
  readonly description?: string;
}

/** A server, and what it serves. */
export interface PluginServer<Services> {
  readonly serve: ServeDescriptors<Services>;
  /** Loads the services. Called once, when the server has greeted the host. */
  readonly loadServices: () => Awaitable<Services>;
}

/** What {@link servePlugin} needs. */
export interface ServePluginOptions<Services> {
  readonly program: PluginProgram;
  /** Called once the descriptors are guarded, and only when there is a host. */
  readonly load: () => Awaitable<PluginServer<Services>>;
  /** Closes the connector. Called once, when the host has gone. */
  readonly close: () => Awaitable<void>;
  /** Time limit for `close` after the host has gone, in milliseconds. Default: 10,000. */
  readonly closeDeadlineMs?: number;
  /** How the host hands over the connection. Default: `KLOSET_TRANSPORT`, or else what is found. */
  readonly transport?: Transport;
  /** Called as soon as the host has gone, before `close`: abort what runs. */
  readonly onDisconnect?: () => void;
}

/** Maximum number of lines that one connection writes to the log. */
const MAX_REPORTS = 100;

/** The exit code when there is no host: somebody started the program by hand. */
const NO_HOST_EXIT_CODE = 2;

/** How long answers that were given may take to leave a full pipe, in milliseconds. */
const FLUSH_MS = 250;

/** How long the log may take to leave when nobody reads it, in milliseconds. */
const LOG_FLUSH_MS = 2000;

/**
 * Serves a plugin to the host that started this process, and ends the process
 * when the host has gone.
 *
 * Exit codes: 0 when the host has gone or SIGTERM came; 1 when `close` threw or
 * did not finish in time, or the host broke the protocol (stderr says which);
 * 2 when no host started this process (two lines on stderr say what it is), the
 * transport that was asked for is not there, or something was printed to it
 * before the guard.
 *
 * @returns when the host has gone and `close` is done; the process exits right
 *   after, whatever timers or handles are left.
 */
export async function servePlugin<Services>(options: ServePluginOptions<Services>): Promise<void> {
  putUpWithLostLog();
  const guard = await findHost(options);
  reportCrashes();
  const report = (line: string): void => {
    process.stderr.write(`${options.program.name}: ${line}\n`);
  };
  let reports = 0;
  const onError = (error: Error): void => {
    // A host that does the same wrong over and over must not fill its own log.
    reports += 1;
    if (reports <= MAX_REPORTS) report(`connection: ${statusText(error)}`);
    else if (reports === MAX_REPORTS + 1) report("connection: further errors are not shown");
  };
  const server = connect(guard, options, onError);
  const { close, closeDeadlineMs = DEFAULT_CLOSE_DEADLINE_MS, onDisconnect } = options;
  const code = await outliveHost({ server, close, closeDeadlineMs, onDisconnect, report });
  await (await server).release();
  await flushLog();
  // Next in line, so that the caller sees the promise settle before.
  setImmediate(() => process.exit(code));
}

/** Opens the host's descriptors when there is a server to read them. */
async function connect<Services>(
  guard: Guard,
  { load }: ServePluginOptions<Services>,
  onError: (error: Error) => void,
): Promise<DescriptorServer> {
  const { serve, loadServices } = await load();
  const serveGreeted = serve(guard, FLUSH_MS);
  return serveGreeted({ services: await loadServices(), onError });
}

/** A process that exits drops the lines that its log has not taken: a socket is full after some 300 unread lines. */
async function flushLog(): Promise<void> {
  const flushed = new Promise<void>((resolve) => {
    // Called when everything before it has left, or never will.
    process.stderr.write("", () => {
      resolve();
    });
  });
  await settlesWithin(flushed, LOG_FLUSH_MS);
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
