import { spawnSync } from "node:child_process";
import os from "node:os";
import { describe, expect, it } from "@jest/globals";
import { nullDevice } from "./platform.js";
import { fixturePath } from "./testing/child.js";

/** Commands that start a program with text on its standard input, for each kind of descriptor. */
const starts: Readonly<Record<string, (program: string) => readonly [command: string, args: readonly string[]]>> = {
  // The shell creates real pipes; Node would create sockets.
  pipes: (program) => ["sh", ["-c", 'echo "of the host" | "$0" "$@" | cat', process.execPath, program]],
  sockets: (program) => [process.execPath, [program]],
};

describe.each(Object.entries(starts))("the guard of %s, with named imports of the streams of process", (_, start) => {
  it.each(["early-import.js", "late-import.js"])("redirects the streams: %s", (fixture) => {
    const { stdout, stderr } = spawnSync(...start(fixturePath(fixture)), {
      encoding: "utf8",
      input: "of the host\n",
    });
    expect(stdout).toBe("");
    expect(stderr).toContain("written by an import of stdout\nread 0 bytes\n");
  });
});

it("nullDevice equals devNull of node:os", () => {
  expect(nullDevice).toBe(os.devNull);
});
