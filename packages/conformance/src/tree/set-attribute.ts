import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;

/** Programs that set an extended attribute, of which most systems have one: Node itself can not. */
const programs: readonly ((path: string, name: string, value: string) => readonly [string, readonly string[]])[] = [
  (path, name, value) => ["setfattr", ["-n", name, "-v", value, "--", path]],
  (path, name, value) => ["xattr", ["-w", name, value, path]],
  (path, name, value) => [
    "python3",
    ["-c", "import os, sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())", path, name, value],
  ],
];

/** Sets an extended attribute. @returns Whether this system, with this file system, can. */
export async function setAttribute(path: string, name: string, value: string): Promise<boolean> {
  for (const program of programs) {
    const [command, args] = program(path, name, value);
    try {
      await run(command, [...args], { timeout: TIMEOUT_MS });
      return true;
    } catch {
      // Not there, or it can not: the next one may.
    }
  }
  return false;
}
