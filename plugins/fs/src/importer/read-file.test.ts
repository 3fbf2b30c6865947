import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ByteSource } from "@kloset/sdk";
import { systemError } from "../fs/errors.js";
import { Notices } from "../fs/notices.js";
import { ChangingFiles } from "./changing-files.js";
import { KeptDirectories } from "./kept-directories.js";
import { readFile as read, type OpenPath, type ReadOptions } from "./read-file.js";
import { contentOf, makeFolder, messageOf, removeFolder } from "./testing/fixtures.js";

const MIB = 1024 * 1024;
const signal = new AbortController().signal;
let folder = "";
/** The lines on stderr. */
let lines: string[] = [];
let notices: Notices;

beforeEach(() => {
  lines = [];
  notices = new Notices("tsfs", (line) => lines.push(line));
});

async function readFile(
  path: string,
  signal: AbortSignal,
  options: Partial<ReadOptions> & { changing?: "keep" | "fail" } = {},
): Promise<ByteSource> {
  const { changing = "keep", ...rest } = options;
  const directories = rest.open === undefined ? new KeptDirectories(undefined) : undefined;
  return read(path, { context: { signal }, changes: new ChangingFiles(changing, notices), directories, ...rest });
}

beforeAll(() => {
  folder = makeFolder();
});

afterAll(() => {
  removeFolder(folder);
});

function file(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function openDescriptors(): number {
  return readdirSync("/dev/fd").length;
}

function iteratorOf(source: ByteSource): AsyncIterator<Uint8Array> {
  if (source instanceof Uint8Array || !(Symbol.asyncIterator in source)) throw new Error("not a stream");
  return source[Symbol.asyncIterator]();
}

describe("readFile", () => {
  it.each([0, 1, 4095, 65_536, MIB - 1, MIB, MIB + 1, 2 * MIB, 5 * MIB + 17])("reads %d bytes", async (size) => {
    const content = randomBytes(size);
    const path = file(`size-${size}`, content);
    const before = openDescriptors();
    expect((await contentOf(await readFile(path, signal))).equals(content)).toBe(true);
    expect(openDescriptors()).toBe(before);
  });

  it("yields chunks of at most 1 MiB", async () => {
    const path = file("chunks", randomBytes(3 * MIB + 1));
    const sizes: number[] = [];
    for await (const chunk of (await readFile(path, signal)) as AsyncIterable<Uint8Array>) sizes.push(chunk.length);
    expect(sizes).toEqual([MIB, MIB, MIB, 1]);
  });

  it("does not open a large file until it is read", async () => {
    const path = file("lazy", randomBytes(2 * MIB));
    const before = openDescriptors();
    await readFile(path, signal);
    expect(openDescriptors()).toBe(before);
  });

  it("closes a file that is not read to its end", async () => {
    const before = openDescriptors();
    const chunks = iteratorOf(await readFile(file("early", randomBytes(9 * MIB)), signal));
    await chunks.next();
    expect(openDescriptors()).toBe(before + 1);
    await chunks.return?.();
    expect(openDescriptors()).toBe(before);
  });

  it("stops when the signal is aborted", async () => {
    const controller = new AbortController();
    const before = openDescriptors();
    const chunks = iteratorOf(await readFile(file("abort", randomBytes(9 * MIB)), controller.signal));
    await chunks.next();
    controller.abort(new Error("enough"));
    expect(await messageOf(() => chunks.next())).toBe("enough");
    expect(openDescriptors()).toBe(before);
    expect(await messageOf(() => readFile(join(folder, "abort"), controller.signal))).toBe("enough");
  });

  it("names a file that does not exist", async () => {
    const path = join(folder, "none");
    expect(await messageOf(() => readFile(path, signal))).toBe(`ENOENT: no such file or directory, open '${path}'`);
  });

  /** Fakes `open` for a file whose lease is released after some attempts. */
  function leasedFor(tries: number): OpenPath {
    return (path, flags) => {
      if (tries-- > 0) throw systemError("EAGAIN", "resource temporarily unavailable, open", path);
      return openSync(path, flags);
    };
  }

  it.each([5, 2 * MIB])("waits for a lease on a file of %d bytes", async (size) => {
    const content = randomBytes(size);
    const path = file("leased", content);
    const before = openDescriptors();
    expect((await contentOf(await readFile(path, signal, { open: leasedFor(2) }))).equals(content)).toBe(true);
    expect(openDescriptors()).toBe(before);
  });

  it("does not wait for a lease when the signal is aborted", async () => {
    const path = file("leased-forever", "x");
    const abort = new AbortController();
    const leased = leasedFor(Infinity);
    const source = readFile(path, abort.signal, {
      open: (...args) => {
        queueMicrotask(() => {
          abort.abort(new Error("enough"));
        });
        return leased(...args);
      },
    });
    expect(await messageOf(() => source)).toBe("enough");
  });

  it("does not wait for a FIFO that replaced a file", async () => {
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    expect(await messageOf(() => readFile(path, signal))).toBe(`"${path}" is no longer a regular file`);
  });

  it("does not follow a symbolic link that replaced a file", async () => {
    symlinkSync(file("target", "secret"), join(folder, "link"));
    expect(await messageOf(() => readFile(join(folder, "link"), signal))).toContain(join(folder, "link"));
  });

  it("rejects a directory", async () => {
    mkdirSync(join(folder, "directory"));
    expect(await messageOf(() => readFile(join(folder, "directory"), signal))).toContain(join(folder, "directory"));
  });

  it("names a file that may not be read, unless it runs as root", async () => {
    const path = file("mode-000", "content");
    chmodSync(path, 0);
    const message = await messageOf(async () => contentOf(await readFile(path, signal)));
    expect(message).toBe(process.getuid?.() === 0 ? undefined : `EACCES: permission denied, open '${path}'`);
  });
});

describe("a file that changes while it is read", () => {
  /** Runs each step before the next check of a file that has been read, of which there is one for each read. */
  function afterReads(...steps: readonly ((() => void) | undefined)[]): Partial<ReadOptions> {
    let calls = 0;
    return {
      stat: (fd) => {
        // Every second call is the check.
        if (++calls % 2 === 0) steps[calls / 2 - 1]?.();
        return fstatSync(fd, { bigint: true });
      },
    };
  }

  async function contentAfter(path: string, options: Parameters<typeof readFile>[2]): Promise<string> {
    return (await contentOf(await readFile(path, signal, options))).toString();
  }

  /** Reads a large file, and makes a change after its first chunk. */
  async function streamed(path: string, change: () => void, changing: "keep" | "fail" = "keep"): Promise<Buffer> {
    const chunks: Buffer[] = [];
    const before = openDescriptors();
    try {
      for await (const chunk of (await readFile(path, signal, { changing })) as AsyncIterable<Uint8Array>) {
        if (chunks.length === 0) change();
        chunks.push(Buffer.from(chunk));
      }
    } finally {
      expect(openDescriptors()).toBe(before);
    }
    return Buffer.concat(chunks);
  }

  function summary(): string[] {
    lines.length = 0;
    notices.end();
    return lines;
  }

  const keptOne = ["tsfs: files kept although they changed while they were read: 1\n"];

  it("is cut at its first size if it grows", async () => {
    const path = file("small-grows", "12345");
    const grow = (): void => {
      appendFileSync(path, "678");
    };
    expect(await contentAfter(path, afterReads(grow))).toBe("12345");
    expect(await contentAfter(file("empty-grows", ""), afterReads(grow))).toBe("");
    const large = randomBytes(3 * MIB);
    expect(
      (
        await streamed(file("large-grows", large), () => {
          appendFileSync(join(folder, "large-grows"), randomBytes(5));
        })
      ).equals(large),
    ).toBe(true);
    expect(lines).toEqual([]);
    expect(summary()).toEqual([]);
  });

  it("that grows as fast as it is read has an end", async () => {
    const content = randomBytes(3 * MIB);
    const path = file("grows-forever", content);
    const chunks: Buffer[] = [];
    for await (const chunk of (await readFile(path, signal)) as AsyncIterable<Uint8Array>) {
      chunks.push(Buffer.from(chunk));
      appendFileSync(path, chunk);
    }
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
  });

  it("is read again if it is overwritten and grows", async () => {
    const path = file("both", "12345");
    const change = (): void => {
      writeFileSync(path, "abcdef");
    };
    expect(await contentAfter(path, afterReads(change))).toBe("abcdef");
    expect(summary()).toEqual([]);
  });

  it.each([
    ["overwritten", "abcde"],
    ["truncated", "123"],
    ["emptied", ""],
  ])("is read again if it is %s", async (name, content) => {
    const path = file(name, "12345");
    const change = (): void => {
      writeFileSync(path, content);
      utimesSync(path, 1, 1);
    };
    expect(await contentAfter(path, afterReads(change))).toBe(content);
    expect(lines).toEqual([]);
    expect(summary()).toEqual([]);
  });

  it("is streamed if it has become large", async () => {
    const path = file("becomes-large", "12345");
    const large = randomBytes(2 * MIB);
    const change = (): void => {
      writeFileSync(path, large);
    };
    expect((await contentOf(await readFile(path, signal, afterReads(change)))).equals(large)).toBe(true);
    expect(lines).toEqual([]);
  });

  it("is kept after the third read, with a notice and a count", async () => {
    const path = file("never-settles", "12345");
    const write = (text: string, time: number) => () => {
      writeFileSync(path, text);
      utimesSync(path, time, time);
    };
    expect(await contentAfter(path, afterReads(write("aaaaa", 1), write("bbbbb", 2), write("ccccc", 3)))).toBe("bbbbb");
    expect(lines).toEqual([
      `tsfs: "${path}" changed while it was read: its content was modified; the backup keeps what was read\n`,
    ]);
    expect(summary()).toEqual(keptOne);
  });

  it("of more than 1 MiB is kept if it shrinks or is overwritten, also if its time is restored", async () => {
    const time = new Date("2020-01-01");
    const changes: [string, () => void, string, number][] = [
      [
        "shrinks",
        () => {
          truncateSync(join(folder, "shrinks"), 5 * MIB);
        },
        `${6 * MIB} bytes at the start, ${5 * MIB} read`,
        5,
      ],
      [
        "rewritten",
        () => {
          utimesSync(join(folder, "rewritten"), 1, 1);
        },
        "its content was modified",
        6,
      ],
      [
        "put-back",
        () => {
          writeFileSync(join(folder, "put-back"), Buffer.alloc(6 * MIB, "b"), { flag: "r+" });
          utimesSync(join(folder, "put-back"), time, time);
        },
        "its content, attributes or names were modified",
        6,
      ],
    ];
    for (const [name, change, text, kept] of changes) {
      const path = file(name, Buffer.alloc(6 * MIB, "a"));
      utimesSync(path, time, time);
      lines.length = 0;
      expect(await streamed(path, change)).toHaveLength(kept * MIB);
      expect(lines).toEqual([`tsfs: "${path}" changed while it was read: ${text}; the backup keeps what was read\n`]);
      expect(summary()).toEqual(keptOne);
    }
  });

  it("of more than 1 MiB is read again if it was emptied before the first byte", async () => {
    const path = file("emptied-early", randomBytes(2 * MIB));
    let calls = 0;
    const source = await readFile(path, signal, {
      stat: (fd) => {
        const stats = fstatSync(fd, { bigint: true });
        if (++calls === 2) truncateSync(path, 0);
        return stats;
      },
    });
    expect(await contentOf(source)).toHaveLength(0);
    expect(summary()).toEqual([]);
  });

  it.each<[string, (path: string) => void]>([
    [
      "another mode",
      (path) => {
        chmodSync(path, 0o600);
      },
    ],
    [
      "another name",
      (path) => {
        linkSync(path, `${path}-link`);
      },
    ],
    [
      "a new name",
      (path) => {
        renameSync(path, `${path}-renamed`);
      },
    ],
    [
      "no name",
      (path) => {
        rmSync(path);
      },
    ],
  ])("but only gets %s is unchanged", async (name, change) => {
    for (const changing of ["keep", "fail"] as const) {
      const content = randomBytes(2 * MIB);
      const large = file(`${changing} ${name}, large`, content);
      expect(
        (
          await streamed(
            large,
            () => {
              change(large);
            },
            changing,
          )
        ).equals(content),
      ).toBe(true);
      const small = file(`${changing} ${name}`, "12345");
      expect(
        await contentAfter(small, {
          changing,
          ...afterReads(() => {
            change(small);
          }),
        }),
      ).toBe("12345");
    }
    expect(lines).toEqual([]);
    expect(summary()).toEqual([]);
  });

  it("is an error with changing=fail", async () => {
    const changing = "fail";
    const small = file("strict", "12345");
    const grow = afterReads(() => {
      appendFileSync(small, "6");
    });
    expect(await messageOf(() => readFile(small, signal, { changing, ...grow }))).toBe(
      `"${small}" changed while it was read: 5 bytes at the start, 6 at the end`,
    );
    const large = file("strict-large", randomBytes(2 * MIB));
    for (const change of [
      () => {
        appendFileSync(large, randomBytes(MIB));
      },
      () => {
        truncateSync(large, MIB);
      },
    ])
      expect(await messageOf(() => streamed(large, change, changing))).toContain(
        `"${large}" changed while it was read: `,
      );
    expect(summary()).toEqual([]);
  });

  it("keeps the whole content of a file whose size is too small, and reports one whose size is too large", async () => {
    const path = file("odd-size", "12345");
    /** Reports another size, as some file systems in user space do. */
    const withSize = (size: number): Partial<ReadOptions> => ({
      stat: (fd) => Object.assign(fstatSync(fd, { bigint: true }), { size: BigInt(size) }),
    });
    expect(await contentAfter(path, withSize(0))).toBe("12345");
    expect(await contentAfter(path, withSize(4))).toBe("12345");
    const large = randomBytes(3 * MIB + 5);
    for (const size of [0, MIB + 1])
      expect((await contentOf(await readFile(file("odd-large", large), signal, withSize(size)))).equals(large)).toBe(
        true,
      );
    expect(lines).toEqual([]);
    expect(await contentAfter(path, withSize(4096))).toBe("12345");
    expect(lines).toHaveLength(1);
    expect(summary()).toEqual(keptOne);
    expect(await messageOf(() => readFile(path, signal, { changing: "fail", ...withSize(4096) }))).toContain(
      "4096 bytes at the start, 5 read",
    );
  });

  it("keeps files of /proc and /sys as they are read, without notices", async () => {
    if (process.platform !== "linux") return;
    for (const path of ["/proc/self/status", "/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"]) {
      if (!existsSync(path)) continue;
      for (const changing of ["keep", "fail"] as const) {
        const content = await contentAfter(path, { changing });
        expect(content.split("\n")[0]).toBe(readFileSync(path, "utf8").split("\n")[0]);
        expect(content).toMatch(/\n$/);
      }
    }
    expect(lines).toEqual([]);
    expect(summary()).toEqual([]);
  });
});
