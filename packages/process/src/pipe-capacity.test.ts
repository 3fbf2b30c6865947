import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { enlargePipe } from "./pipe-capacity.js";

const KiB = 1024;

let folder: string;
/** Both ends of a pipe. */
let fd: number;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "kloset-pipe-capacity-"));
  const name = path.join(folder, "fifo");
  execFileSync("mkfifo", [name]);
  fd = fs.openSync(name, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
});

afterEach(() => {
  fs.closeSync(fd);
  fs.rmSync(folder, { recursive: true });
});

/** Writes until the pipe is full, and returns the number of bytes. */
function fill(): number {
  return fs.writeSync(fd, Buffer.alloc(4 * KiB * KiB));
}

describe("enlargePipe", () => {
  it("enlarges a pipe, even a full one", () => {
    const before = fill();
    expect(enlargePipe(fd, 512 * KiB)).toBe(true);
    expect(before + fill()).toBe(512 * KiB);
  });

  it("keeps the bytes in the pipe", () => {
    fs.writeSync(fd, "first words");
    expect(enlargePipe(fd, 512 * KiB)).toBe(true);
    const buffer = Buffer.alloc(KiB);
    expect(buffer.toString("latin1", 0, fs.readSync(fd, buffer))).toBe("first words");
  });

  it("does not make a pipe smaller", () => {
    expect(enlargePipe(fd, KiB * KiB)).toBe(true);
    expect(enlargePipe(fd, 128 * KiB)).toBe(true);
    expect(fill()).toBe(KiB * KiB);
  });

  it("returns false beyond the limit of an ordinary user, and leaves the pipe usable", () => {
    const module = new URL("../dist/pipe-capacity.js", import.meta.url).href;
    const limit = Number(fs.readFileSync("/proc/sys/fs/pipe-max-size", "utf8"));
    const script = `
      import { writeSync } from "node:fs";
      import { enlargePipe } from ${JSON.stringify(module)};
      console.log(JSON.stringify([enlargePipe(3, ${2 * limit}), writeSync(3, "still usable")]));`;
    // In a user namespace of its own, a superuser is an ordinary user.
    const { stdout, stderr } = spawnSync("unshare", ["--user", process.execPath, "--input-type=module", "-e", script], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe", fd],
    });
    expect([stdout, stderr]).toEqual([`[false,${"still usable".length}]\n`, ""]);
    const buffer = Buffer.alloc(KiB);
    expect(buffer.toString("latin1", 0, fs.readSync(fd, buffer))).toBe("still usable");
  });

  it("returns false for a file, and for a descriptor that is closed", () => {
    const file = fs.openSync(path.join(folder, "file"), "w");
    expect(enlargePipe(file, 512 * KiB)).toBe(false);
    fs.closeSync(file);
    expect(enlargePipe(file, 512 * KiB)).toBe(false);
  });
});
