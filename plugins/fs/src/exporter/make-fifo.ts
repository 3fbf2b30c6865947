import { systemError } from "../fs/errors.js";
import type { Directory } from "./directories.js";

/** How long the helper process may take. Making a FIFO takes a millisecond. */
const PATIENCE_MS = 10_000;
/** What is kept of the helper's complaint. */
const COMPLAINT_MAX = 1024;

/**
 * Makes a FIFO with a helper process: Node has no call for it. It is
 * readable and writable for its owner only.
 *
 * @param name - A name that is free in the directory.
 * @param path - What the user calls it, for messages.
 * @param helper - The program, which takes what POSIX' `mkfifo` takes.
 * @param patience - Milliseconds after which it is killed.
 */
export async function makeFifo(
  directory: Directory,
  name: string,
  path: string,
  helper = "mkfifo",
  patience = PATIENCE_MS,
): Promise<void> {
  // The helper gets the directory as its descriptor 3: ours mean nothing to it.
  const { fd } = directory;
  const fifo = fd === undefined ? directory.at(name) : `/proc/self/fd/3/${name}`;
  // Not imported: it takes long to load, and FIFOs are rare.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const child = spawn(helper, ["-m", "600", "--", fifo], {
    stdio: ["ignore", "ignore", "pipe", ...(fd === undefined ? [] : [fd])],
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(0, COMPLAINT_MAX);
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      // Not spawn's own timeout: its timer lives on when the helper does not start.
      timer = setTimeout(() => {
        child.kill("SIGKILL");
        child.stderr?.destroy();
        reject(systemError("ETIMEDOUT", `${helper} did not end within ${patience} ms`, path));
      }, patience);
      child.once("error", (error) => {
        reject(systemError("ENOTSUP", `can not run ${helper} to make a FIFO (${error.message})`, path));
      });
      child.once("close", (code, signal) => {
        if (code === 0) {
          resolve();
          return;
        }
        const reason = complaint.trim().replaceAll(fifo, path) || `ended with ${String(signal ?? code)}`;
        reject(new Error(`can not make the FIFO '${path}': ${reason}`));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}
