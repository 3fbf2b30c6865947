import { systemError } from "../fs/errors.js";
import type { Directory } from "./directories.js";

/** Time limit of the helper process. Making a FIFO takes about a millisecond. */
const TIMEOUT_MS = 10_000;
/** Number of characters of the helper's stderr that are kept. */
const STDERR_MAX = 1024;

/** The helper's texts, in the C locale, for a target that has no FIFOs. */
const REFUSALS: readonly (readonly [text: string, code: string])[] = [
  ["Operation not permitted", "EPERM"],
  ["Operation not supported", "EOPNOTSUPP"],
  ["Function not implemented", "ENOSYS"],
];

/**
 * Makes a FIFO, readable and writable for its owner only. Runs a helper process,
 * because Node has no call for it.
 *
 * @param name - A name that does not exist in the directory.
 * @param path - The path that the user knows, for messages.
 * @param helper - A program with the arguments of POSIX `mkfifo`.
 * @param timeoutMs - Milliseconds after which the helper is killed.
 * @throws SystemError EPERM, EOPNOTSUPP or ENOSYS if the target has no FIFOs; ENOTSUP if the helper cannot be run.
 */
export async function makeFifo(
  directory: Directory,
  name: string,
  path: string,
  helper = "mkfifo",
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  // The helper inherits the directory as its file descriptor 3.
  const { fd } = directory;
  const fifo = fd === undefined ? directory.at(name) : `/proc/self/fd/3/${name}`;
  // Loaded on demand: loading it is slow, and FIFOs are rare.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(helper, ["-m", "600", "--", fifo], {
    stdio: ["ignore", "ignore", "pipe", ...(fd === undefined ? [] : [fd])],
    env: { ...process.env, LC_ALL: "C" },
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_MAX);
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      // Not the timeout option of spawn: its timer stays active if the helper does not start.
      timer = setTimeout(() => {
        child.kill("SIGKILL");
        child.stderr?.destroy();
        reject(systemError("ETIMEDOUT", `${helper} did not exit within ${timeoutMs} ms`, path));
      }, timeoutMs);
      child.once("error", (error) => {
        reject(systemError("ENOTSUP", `cannot run ${helper} to make a FIFO (${error.message})`, path));
      });
      child.once("close", (status, signal) => {
        if (status === 0) {
          resolve();
          return;
        }
        const reason = stderr.trim().replaceAll(fifo, path) || `${helper} exited with ${String(signal ?? status)}`;
        const code = REFUSALS.find(([text]) => reason.includes(text))?.[1];
        reject(
          Object.assign(new Error(`cannot make the FIFO '${path}': ${reason}`), code === undefined ? {} : { code }),
        );
      });
    });
  } finally {
    clearTimeout(timer);
  }
}
