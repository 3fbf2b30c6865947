import type * as ChildProcess from "node:child_process";
import type fs from "node:fs";
import { constants } from "node:fs";
import type { Readable } from "node:stream";
import { openNull } from "./platform.js";
import { replaceStreams, syncImports } from "./standard-streams.js";

/**
 * Leads JavaScript's own ways to fd 0 and fd 1 elsewhere.
 *
 * The streams of `process` always need it: an `import … from "node:process"`
 * makes them before any module runs, each with a handle on its descriptor, and
 * Node aborts when such a handle waits on what is not a pipe any more.
 *
 * The rest is for descriptors that can not be opened anew (sockets, another
 * user's pipes, Windows), where native code that writes to fd 1 stays out of reach.
 *
 * @module
 */

const redirected = { input: false, output: false };

/** `process.stdin` has ended, `process.stdout` and the console are stderr. */
export function redirectStreams(): void {
  let stdin: Readable | undefined;
  replaceStreams({
    stdin: () => (stdin ??= process.getBuiltinModule("node:stream").Readable.from([], { objectMode: false })),
    stdout: () => process.stderr,
  });
  // The console keeps the stream it first printed to. Asked for, stderr is made: not before somebody prints.
  let stdout: unknown;
  Object.defineProperty(console, "_stdout", {
    configurable: true,
    get: () => stdout ?? process.stderr,
    // Node's own can be set, too.
    set: (stream: unknown) => (stdout = stream),
  });
}

/** From here on `fs` finds the end of file on fd 0; children do not inherit it. */
export function redirectInput(): void {
  if (redirected.input) return;
  redirected.input = true;
  const nothing = openNull(constants.O_RDONLY);
  mapDescriptor(["read", "readSync", "readv", "readvSync", "readFile", "readFileSync"], 0, nothing);
  redirectChildren();
}

/** From here on `fs` writes to stderr in place of fd 1; children inherit stderr as both. */
export function redirectOutput(): void {
  if (redirected.output) return;
  redirected.output = true;
  mapDescriptor(
    ["write", "writeSync", "writev", "writevSync", "writeFile", "writeFileSync", "appendFile", "appendFileSync"],
    1,
    2,
  );
  redirectChildren();
}

type AnyFunction = (this: unknown, ...parameters: unknown[]) => unknown;

/** Makes functions of `fs` that are called with one descriptor use another. */
function mapDescriptor(names: readonly (keyof typeof fs)[], from: number, to: number): void {
  // The module itself: what an import gives are its functions as they are.
  const module = process.getBuiltinModule("node:fs") as unknown as Record<string, AnyFunction>;
  for (const name of names) {
    wrap(module, name, (original, self, [fd, ...rest]) => original.call(self, fd === from ? to : fd, ...rest));
  }
  syncImports();
}

let childrenAreRedirected = false;

function redirectChildren(): void {
  if (childrenAreRedirected) return;
  childrenAreRedirected = true;
  // Loaded here and not above: most plugins never get here.
  const module = process.getBuiltinModule("node:child_process");
  // spawn, exec, execFile and fork all end in this method.
  const prototype = module.ChildProcess.prototype as unknown as Record<string, AnyFunction>;
  wrap(prototype, "spawn", (original, self, [options]) => original.call(self, withSafeStdio(options)));
  const functions = module as unknown as Record<string, AnyFunction>;
  for (const name of ["spawnSync", "execFileSync", "execSync"] satisfies (keyof typeof ChildProcess)[]) {
    wrap(functions, name, (original, self, parameters) => original.apply(self, parameters.map(withSafeStdio)));
  }
  syncImports();
}

function withSafeStdio(options: unknown): unknown {
  if (options === null || typeof options !== "object" || Array.isArray(options) || !("stdio" in options))
    return options;
  return { ...options, stdio: safeStdio(options.stdio) };
}

/** Exported for its test. */
export function safeStdio(stdio: unknown): unknown {
  if (stdio === "inherit") return [safeEntry(0), safeEntry(1), 2];
  if (!Array.isArray(stdio)) return stdio;
  return stdio.map((entry: unknown, index) => {
    if (entry === "inherit") return safeEntry(index);
    if (typeof entry === "number") return safeEntry(entry);
    const fd: unknown = entry !== null && typeof entry === "object" && "fd" in entry ? entry.fd : undefined;
    return fd === 0 || fd === 1 ? safeEntry(fd) : entry;
  });
}

function safeEntry(fd: number): number | "ignore" {
  if (fd === 0 && redirected.input) return "ignore";
  return fd === 1 && redirected.output ? 2 : fd;
}

function wrap(
  target: Record<string, AnyFunction>,
  name: string,
  call: (original: AnyFunction, self: unknown, parameters: unknown[]) => unknown,
): void {
  const original = target[name];
  if (original === undefined) return;
  const wrapped = function (this: unknown, ...parameters: unknown[]): unknown {
    return call(original, this, parameters);
  };
  // Keeps what hangs on the function (util.promisify.custom) and its name.
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  target[name] = wrapped;
}
