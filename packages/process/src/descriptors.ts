import { closeSync, constants } from "node:fs";
import { canReopenStderr, descriptorKind, holdStderr, openNull, reopen, reopenStderr } from "./platform.js";
import { redirectInput, redirectOutput, redirectStreams } from "./redirect.js";
import { ignoreLogErrors, standardStreamsMayExist } from "./standard-streams.js";
import { checkTransport, chooseTransport, inherited, transportFromEnvironment, type Transport } from "./transport.js";

/** The host's descriptors, protected from all other code in this process. */
export interface Guard {
  readonly transport: Transport;
  /** The descriptor to read from. */
  readonly input: number;
  /** The descriptor to write to; equal to `input` if the host uses one socket. */
  readonly output: number;
}

// Stored on globalThis: an executable may contain this module twice (once in a banner, once in the bundle), and the
// second copy must not move fd 0 and fd 1 again.
const key = Symbol.for("@kloset/process guard");
const globals = globalThis as { [key]?: Guard };

/**
 * Protects fd 0 and fd 1 from all other code. From then on, output (`console`, `process.stdout`, `fs.writeSync(1)`, a
 * child that inherits fd 1) goes to stderr, and reading fd 0 returns end-of-file.
 *
 * Pipes are reopened under new descriptor numbers and replaced by the null device and stderr. Sockets and pipes of
 * another user cannot be reopened; for those, the JavaScript APIs that use fd 0 and fd 1 are redirected instead.
 *
 * Has no effect without a host. Later calls return the result of the first one.
 *
 * @param override - Takes precedence over the environment and detection.
 * @returns undefined if no host started this process.
 * @throws Error if the override or `KLOSET_TRANSPORT` has an unknown value, if the override contradicts the result of
 *   an earlier call, or if something has already been printed to standard output.
 */
export function guardDescriptors(override?: Transport): Guard | undefined {
  if (override !== undefined) checkTransport(override);
  const done = globals[key];
  if (done !== undefined) return override === undefined ? done : changed(done, override);
  const transport = chooseTransport(inherited(), override ?? transportFromEnvironment(process.env));
  if (transport === undefined) return undefined;
  if (transport === "pipes") assertNothingPrinted();
  // As early as possible: code that loads later may import these streams.
  ignoreLogErrors();
  redirectStreams();
  const input = guardInput();
  const output = transport === "socket" ? input : guardOutput();
  if (transport === "socket") guardHostStdout();
  return (globals[key] = { transport, input, output });
}

/** Throws if the process has printed anything: the host has received it as protocol data and fails in obscure ways. */
function assertNothingPrinted(): void {
  // Accessing the stream creates it, which takes longer than the rest of the guard.
  if (!standardStreamsMayExist()) return;
  const { bytesWritten } = process.stdout;
  if (!(bytesWritten > 0)) return;
  throw new Error(
    `${bytesWritten} bytes were printed to standard output, which is the connection to the host, before it was guarded; ` +
      'import the guard ("@kloset/sdk/guard") before anything else',
  );
}

/** Applies a late override, which is only possible with two sockets: they are still on fd 0 and fd 1. */
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
  // Without O_NONBLOCK, this would block forever if the host is already dead.
  const output = descriptorKind(1) === "pipe" ? reopen(1, O_WRONLY | O_NONBLOCK) : undefined;
  if (output === undefined) {
    redirectOutput();
    return 1;
  }
  stderrAsStdout();
  return output;
}

/** Sends output to stderr also if the host uses one socket, where fd 1 is not the connection. */
function guardHostStdout(): void {
  if (descriptorKind(1) === "socket") redirectOutput();
  else stderrAsStdout();
}

function stderrAsStdout(): void {
  // Test before closing fd 1: the test descriptor would take that number.
  const possible = canReopenStderr();
  const hold = possible ? holdStderr() : undefined;
  // The next descriptor to be opened gets number 1: open nothing else in between.
  closeSync(1);
  const stderr = possible ? reopenStderr() : undefined;
  const replaced = isAt(1, stderr ?? openNull(constants.O_WRONLY));
  if (hold !== undefined) closeSync(hold);
  // If stderr cannot be reopened, output must not get lost. A reopened file has a position of its own, so writes
  // through one descriptor would overwrite those through the other.
  if (!replaced || stderr === undefined || descriptorKind(2) === "file") redirectOutput();
}

/** Checks that a descriptor got the number that was just freed; closes it if another thread was faster. */
function isAt(wanted: 0 | 1, fd: number): boolean {
  if (fd !== wanted) closeSync(fd);
  return fd === wanted;
}
