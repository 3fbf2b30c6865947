import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** For tests: an empty directory, and how to get rid of it. */
export interface Scratch {
  readonly path: string;
  remove(): void;
}

/** An ordinary user, as Linux and macOS have one. */
const NOBODY = 65534;

/** Makes an empty directory for one test. */
export async function makeScratch(): Promise<Scratch> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "tsfs-test-")));
  // Ordinary users work in it too: see asOrdinaryUser.
  await chmod(path, 0o777);
  return {
    path,
    // rm(1), because Node's can not remove what is deeper than a path may be long.
    remove: () => {
      spawnSync("chmod", ["-R", "u+rwx", "--", path]);
      spawnSync("rm", ["-rf", "--", path]);
    },
  };
}

/**
 * Runs work as somebody whom permissions bind: a superuser becomes nobody
 * meanwhile, so that tests hold the same on machines where they run as root.
 */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** The chunks as a host's stream of bytes, which may break off at its end. */
export async function* streamOf(chunks: Iterable<Uint8Array | string>, failure?: Error): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
  if (failure !== undefined) throw failure;
}

/** Of a prime length, so that equal places in two chunks hold different bytes. No zeros. */
const BLOCK = Uint8Array.from({ length: 65_521 }, (_, i) => 1 + ((Math.imul(i, 2_654_435_761) >>> 13) % 255));

/** Bytes that say where they are, so that one in the wrong place shows. */
export function pattern(length: number, seed = 0): Buffer {
  const start = seed % BLOCK.length;
  return Buffer.alloc(length + start, BLOCK).subarray(start);
}
