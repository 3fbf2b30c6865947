import { spawnSync } from "node:child_process";
import { existsSync, statfsSync } from "node:fs";
import { chmod, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A temporary directory for a test. */
export interface Scratch {
  readonly path: string;
  remove(): void;
}

/** The id of the unprivileged user and group "nobody" on Linux. */
const UNPRIVILEGED_ID = 65534;

/** A file system in memory, which Linux has. A container may leave little room in it. */
const MEMORY = "/dev/shm";
const MIN_MEMORY_BYTES = 512 * 1024 * 1024;

function hasMemory(): boolean {
  return existsSync(MEMORY) && statfsSync(MEMORY).bavail * statfsSync(MEMORY).bsize >= MIN_MEMORY_BYTES;
}

/**
 * Makes an empty directory for one test.
 *
 * @param on - With "memory", the directory is in memory if the system has such a file system with enough room. A
 * repository has over 500 folders: on a disk, making and removing them takes most of the time of a test.
 */
export async function makeScratch(on: "disk" | "memory" = "disk"): Promise<Scratch> {
  const parent = on === "memory" && hasMemory() ? MEMORY : tmpdir();
  const path = await realpath(await mkdtemp(join(parent, "tsfs-test-")));
  // Writable for everybody, for tests that use asOrdinaryUser.
  await chmod(path, 0o777);
  return {
    path,
    // rm(1), because Node's own rm fails for paths above the system's length limit.
    remove: () => {
      if (spawnSync("rm", ["-rf", "--", path]).status === 0) return;
      spawnSync("chmod", ["-R", "u+rwx", "--", path]);
      spawnSync("rm", ["-rf", "--", path]);
    },
  };
}

/**
 * Runs work as a user bound by permissions: a superuser temporarily becomes
 * unprivileged, so that tests also hold where they run as root.
 */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.setegid?.(UNPRIVILEGED_ID);
  process.seteuid?.(UNPRIVILEGED_ID);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** Streams chunks as a host does, and then throws `failure`, if it is given. */
export async function* streamOf(chunks: Iterable<Uint8Array | string>, failure?: Error): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  if (failure !== undefined) throw failure;
}

/** Has a prime length, so that the same offset in two chunks has different bytes. Contains no zeros. */
const BLOCK = Uint8Array.from({ length: 65_521 }, (_, i) => 1 + ((Math.imul(i, 2_654_435_761) >>> 13) % 255));

/** Makes bytes that depend on their position, so that a misplaced one is noticed. */
export function pattern(length: number, seed = 0): Buffer {
  const start = seed % BLOCK.length;
  return Buffer.alloc(length + start, BLOCK).subarray(start);
}
