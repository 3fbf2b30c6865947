import { closeSync, constants } from "node:fs";
import { canReopenStderr, descriptorKind, holdStderr, openNull, reopen, reopenStderr } from "./platform.js";
import { redirectInput, redirectOutput, redirectStreams } from "./redirect.js";
import { putUpWithLostLog, standardStreamsMayExist } from "./standard-streams.js";
import { checkTransport, chooseTransport, inherited, transportFromEnvironment, type Transport } from "./transport.js";

/** The host's descriptors, safe from everything else in this process. */
export interface Guard {
  readonly transport: Transport;
  /** Reads from the host. */
  readonly input: number;
  /** Writes to the host; the same as `input` on one socket. */
  readonly output: number;
}

// Kept on globalThis: an executable may hold this module twice (once in a
// banner, once in the bundle), and the second must not move fd 0 and 1 again.
const key = Symbol.for("@kloset/process guard");
const globals = globalThis as { [key]?: Guard };

/**
 * Takes fd 0 and fd 1 out of everybody's reach: from here on prints end on
 * stderr (`console`, `process.stdout`, `fs.writeSync(1)`, a child that inherits
 * fd 1), and reads of fd 0 find the end of file.
 *
 * Pipes are opened anew under other numbers, and the null device and stderr
 * take their places. A socket can not be opened anew, nor can a pipe of another
 * user; then JavaScript's ways to fd 0 and 1 are redirected instead.
 *
 * Does nothing, and changes nothing, when there is no host. Called again, it
 * answers what it answered first.
 *
 * @param override - Wins over the environment and detection.
 * @returns undefined when there is no host.
 * @throws Error when the override or `KLOSET_TRANSPORT` has an unknown value, when the override
 *   contradicts what an earlier call found, or when something was printed already.
 */
export function guardDescriptors(override?: Transport): Guard | undefined {
  if (override !== undefined) checkTransport(override);
  const done = globals[key];
  if (done !== undefined) return override === undefined ? done : changed(done, override);
  const transport = chooseTransport(inherited(), override ?? transportFromEnvironment(process.env));
  if (transport === undefined) return undefined;
  if (transport === "pipes") assertNothingPrinted();
  // Here, where nothing is loaded yet.
  putUpWithLostLog();
  redirectStreams();
  const input = guardInput();
  const output = transport === "socket" ? input : guardOutput();
  if (transport === "socket") guardHostStdout();
  return (globals[key] = { transport, input, output });
}

/**
 * What was printed can not be taken back: the host takes it for the protocol, and
 * what it then says nobody understands.
 */
function assertNothingPrinted(): void {
  // To ask the stream makes it, which takes longer than all else here.
  if (!standardStreamsMayExist()) return;
  const { bytesWritten } = process.stdout;
  if (!(bytesWritten > 0)) return;
  throw new Error(
    `${bytesWritten} bytes were printed to standard output, which is the connection to the host, before it was guarded; ` +
      'import the guard ("@kloset/sdk/guard") before anything else',
  );
}

/** Two sockets are still in place: there, and only there, a late override can be obeyed. */
function changed(guard: Guard, transport: Transport): Guard {
  if (guard.transport === transport) return guard;
  if (descriptorKind(0) === "socket" && descriptorKind(1) === "socket" && guard.input === 0) {
    return (globals[key] = { transport, input: 0, output: transport === "socket" ? 0 : 1 });
  }
  throw new Error(
    `transport "${transport}" was asked for, but the descriptors were already taken as "${guard.transport}"; ` +
      `set KLOSET_TRANSPORT=${transport}, which is read earlier`,
  );
}

function guardInput(): number {
  const { O_RDONLY, O_NONBLOCK } = constants;
  const input = descriptorKind(0) === "pipe" ? reopen(0, O_RDONLY | O_NONBLOCK) : undefined;
  if (input === undefined) {
    redirectInput();
    return 0;
  }
  closeSync(0);
  if (!isAt(0, openNull(O_RDONLY))) redirectInput();
  return input;
}

function guardOutput(): number {
  const { O_WRONLY, O_NONBLOCK } = constants;
  // Without O_NONBLOCK this would wait for ever if the host has died already.
  const output = descriptorKind(1) === "pipe" ? reopen(1, O_WRONLY | O_NONBLOCK) : undefined;
  if (output === undefined) {
    redirectOutput();
    return 1;
  }
  stderrAsStdout();
  return output;
}

/** On one socket fd 1 is not the connection, but prints end on stderr all the same. */
function guardHostStdout(): void {
  if (descriptorKind(1) === "socket") redirectOutput();
  else stderrAsStdout();
}

function stderrAsStdout(): void {
  // Whether it can be opened is found out before fd 1 is free: a trial would take that number.
  const possible = canReopenStderr();
  const hold = possible ? holdStderr() : undefined;
  // From here until something is opened, the next number is 1: nothing else may come between.
  closeSync(1);
  const stderr = possible ? reopenStderr() : undefined;
  const replaced = isAt(1, stderr ?? openNull(constants.O_WRONLY));
  if (hold !== undefined) closeSync(hold);
  // Where stderr can not be opened, prints should not vanish. And a file that
  // is opened anew has a position of its own: what is written through one
  // descriptor would overwrite what came through the other.
  if (!replaced || stderr === undefined || descriptorKind(2) === "file") redirectOutput();
}

/** Whether a descriptor got the number that was just closed; closes it when another thread was faster. */
function isAt(wanted: 0 | 1, fd: number): boolean {
  if (fd !== wanted) closeSync(fd);
  return fd === wanted;
}
