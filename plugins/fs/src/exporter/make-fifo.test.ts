import { chmod, lstat, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeScratch, type Scratch } from "../fs/testing.js";
import type { Directory } from "./directories.js";
import { makeFifo } from "./make-fifo.js";

describe("makeFifo", () => {
  let scratch: Scratch;
  let directory: Directory;
  beforeEach(async () => {
    scratch = await makeScratch();
    directory = { at: (name) => join(scratch.path, name) };
  });
  afterEach(() => {
    scratch.remove();
  });

  async function helper(script: string): Promise<string> {
    const path = join(scratch.path, "helper");
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }

  it("makes a FIFO for the owner only", async () => {
    await makeFifo(directory, "p", "/p");
    expect((await lstat(join(scratch.path, "p"))).mode).toBe(0o010600);
  });

  it("names the user's path if it exists", async () => {
    await writeFile(join(scratch.path, "p"), "");
    await expect(makeFifo(directory, "p", "/the/p")).rejects.toThrow(/^cannot make the FIFO '\/the\/p': .*\/the\/p/);
  });

  it("reports a missing helper", async () => {
    const none = join(scratch.path, "none");
    const made = makeFifo(directory, "p", "/the/p", none);
    await expect(made).rejects.toThrow(`ENOTSUP: cannot run ${none} to make a FIFO (spawn ${none} ENOENT), '/the/p'`);
    expect(await readdir(scratch.path)).toEqual([]);
  });

  it("reports the helper's stderr, up to a limit, and its exit status", async () => {
    const verbose = await helper("yes no | head -c 100000 >&2; exit 3");
    const error: unknown = await makeFifo(directory, "p", "/p", verbose).catch((reason: unknown) => reason);
    expect(String(error).length).toBeLessThan(1200);
    await expect(makeFifo(directory, "p", "/p", await helper("exit 3"))).rejects.toThrow("exited with 3");
    await expect(makeFifo(directory, "p", "/p", await helper("kill -9 $$"))).rejects.toThrow("exited with SIGKILL");
  });

  it.each([
    ["Operation not permitted", "EPERM"],
    ["Operation not supported", "EOPNOTSUPP"],
    ["Function not implemented", "ENOSYS"],
    ["Permission denied", undefined],
    ["No space left on device", undefined],
  ])("has a code for a target without FIFOs (%s)", async (text, code) => {
    const refusing = await helper(`test "$LC_ALL" = C && echo "mkfifo: cannot create fifo '$4': ${text}" >&2; exit 1`);
    const error: unknown = await makeFifo(directory, "p", "/p", refusing).catch((reason: unknown) => reason);
    expect(String(error)).toContain(`cannot make the FIFO '/p': mkfifo: cannot create fifo '/p': ${text}`);
    expect((error as { code?: unknown }).code).toBe(code);
  });

  it("kills a helper that hangs", async () => {
    const hanging = await helper("exec sleep 1000");
    const made = makeFifo(directory, "p", "/p", hanging, 50);
    await expect(made).rejects.toThrow(`ETIMEDOUT: ${hanging} did not exit within 50 ms, '/p'`);
  });

  it("does not pass the plugin's stdin to the helper", async () => {
    await makeFifo(directory, "p", "/p", await helper(`cat > "$4.in"; mkfifo "$4"`));
    expect((await lstat(join(scratch.path, "p.in"))).size).toBe(0);
  });
});
