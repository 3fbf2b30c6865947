import { spawnSync } from "node:child_process";
import os from "node:os";
import { describe, expect, it } from "@jest/globals";
import { nullDevice } from "./platform.js";
import { fixturePath } from "./testing/child.js";

/** How to start a program with something on its standard input, which is no host's, on each kind of descriptors. */
const starts: Readonly<Record<string, (program: string) => readonly [command: string, args: readonly string[]]>> = {
  // Pipes are made by the shell: those that Node makes are sockets.
  pipes: (program) => ["sh", ["-c", 'echo "of the host" | "$0" "$@" | cat', process.execPath, program]],
  sockets: (program) => [process.execPath, [program]],
};

describe.each(Object.entries(starts))(
  "the guard of %s, where the streams of process are imported by name",
  (_, start) => {
    it.each(["early-import.js", "late-import.js"])("leads them elsewhere: %s", (fixture) => {
      const { stdout, stderr, status } = spawnSync(...start(fixturePath(fixture)), {
        encoding: "utf8",
        input: "of the host\n",
      });
      expect(stdout).toBe("");
      expect(stderr).toContain("written by an import of stdout\nread 0 bytes\n");
      expect(status).toBe(0);
    });
  },
);

it("the null device has the name that Node gives it", () => {
  expect(nullDevice).toBe(os.devNull);
});
