import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { systemError } from "../fs/errors.js";
import { makeScratch, type Scratch } from "../fs/testing.js";
import { openRegular, type OpenPath } from "./open-regular.js";

describe("openRegular", () => {
  let scratch: Scratch;
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(() => {
    scratch.remove();
  });

  /** Fakes `open` for a file whose lease is released after some attempts. */
  function leasedFor(tries: number): OpenPath {
    return async (path, flags) => {
      if (tries-- > 0) throw systemError("EAGAIN", "resource temporarily unavailable, open", path);
      return openSync(path, flags);
    };
  }

  it("waits for a lease", async () => {
    const path = join(scratch.path, "f");
    await writeFile(path, "content");
    const { fd, stats } = await openRegular(path, undefined, leasedFor(2));
    expect([stats.size, readFileSync(fd, "utf8")]).toEqual([7, "content"]);
    closeSync(fd);
  });

  it("does not wait for a lease when the signal is aborted", async () => {
    const reason = new Error("enough");
    await expect(openRegular("/leased", AbortSignal.abort(reason), leasedFor(Infinity))).rejects.toBe(reason);
  });

  it("names a path that is not a regular file", async () => {
    const path = join(scratch.path, "d");
    await mkdir(path);
    await expect(openRegular(path)).rejects.toThrow(`not a regular file: '${path}'`);
  });
});
