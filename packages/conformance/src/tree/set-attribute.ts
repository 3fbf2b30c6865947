import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 10_000;

/** Programs that set an extended attribute, which Node cannot. Most systems have one of them. */
const programs: readonly ((path: string, name: string, value: string) => readonly [string, readonly string[]])[] = [
  (path, name, value) => ["setfattr", ["-n", name, "-v", value, "--", path]],
  (path, name, value) => ["xattr", ["-w", name, value, path]],
  (path, name, value) => [
    "python3",
    ["-c", "import os, sys; os.setxattr(sys.argv[1], sys.argv[2], sys.argv[3].encode())", path, name, value],
  ],
];

/** Sets an extended attribute. @returns False if the system or the file system does not support it. */
export async function setAttribute(path: string, name: string, value: string): Promise<boolean> {
  for (const program of programs) {
    const [command, args] = program(path, name, value);
    try {
      await run(command, [...args], { timeout: TIMEOUT_MS });
      return true;
    } catch {
      // Missing, or failed: try the next program.
    }
  }
  return false;
}
