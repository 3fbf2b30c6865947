import type * as ChildProcess from "node:child_process";
import type fs from "node:fs";
import { constants } from "node:fs";
import type { Readable } from "node:stream";
import { openNull } from "./platform.js";
import { replaceStreams, syncImports } from "./standard-streams.js";

/**
 * Redirects the JavaScript APIs that use fd 0 and fd 1.
 *
 * The streams of `process` are always redirected: an `import … from "node:process"` creates them before any module
 * runs, each with a handle on its descriptor, and Node aborts when such a handle waits on a descriptor that is no
 * longer a pipe.
 *
 * The other APIs are redirected for descriptors that cannot be reopened (sockets, another user's pipes, Windows).
 * Native code that writes to fd 1 is not affected there.
 *
 * @module
 */

const redirected = { input: false, output: false };

/** Replaces `process.stdin` by an empty stream, and `process.stdout` and the console's output by stderr. */
export function redirectStreams(): void {
  let stdin: Readable | undefined;
  replaceStreams({
    stdin: () => (stdin ??= process.getBuiltinModule("node:stream").Readable.from([], { objectMode: false })),
    stdout: () => process.stderr,
  });
  // The console keeps the stream it first printed to. A getter, so that stderr is only created when it is used.
  let stdout: unknown;
  Object.defineProperty(console, "_stdout", {
    configurable: true,
    get: () => stdout ?? process.stderr,
    // Settable, like Node's own property.
    set: (stream: unknown) => (stdout = stream),
  });
}

/** Makes `fs` read end-of-file from fd 0, and keeps children from inheriting it. */
export function redirectInput(): void {
  if (redirected.input) return;
  redirected.input = true;
  const nothing = openNull(constants.O_RDONLY);
  mapDescriptor(["read", "readSync", "readv", "readvSync", "readFile", "readFileSync"], 0, nothing);
  redirectChildren();
}

/** Makes `fs` write to stderr instead of fd 1, and children inherit stderr as fd 1. */
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

/** Makes functions of `fs` use descriptor `to` when they are called with `from`. */
function mapDescriptor(names: readonly (keyof typeof fs)[], from: number, to: number): void {
  // The module object itself: an import only binds the current functions.
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
  // Loaded on demand: most plugins do not need it.
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
  // Keeps the name and properties of the function, such as util.promisify.custom.
  Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(original));
  target[name] = wrapped;
}
