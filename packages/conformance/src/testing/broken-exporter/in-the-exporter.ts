import { chmod, mkdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exporter } from "@kloset/exporter";
import { fileModeToPosix, isSymlink, type ByteStream } from "@kloset/model";
import { REFUSED_BYTES, STORED_SIZES } from "../../rules/exporter/files.js";
import { recorded } from "../sound-exporter.js";
import type { Breakage } from "./breakage.js";

const LARGE_BYTES = 1024 * 1024;
const NANOSECONDS = 1e9;

/** Changes one byte of every large file. */
function* oneByteWrong(chunk: Uint8Array, size: number): Generator<Uint8Array> {
  if (size > LARGE_BYTES) chunk[0] = ((chunk[0] ?? 0) + 1) % 256;
  yield chunk;
}

async function* changed(data: ByteStream, size: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of data) yield* oneByteWrong(Uint8Array.from(chunk), size);
}

/** Yields the data, then the rest of older content that is longer. */
async function* followedBy(data: ByteStream, before: Uint8Array): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of data) {
    bytes += chunk.length;
    yield chunk;
  }
  yield before.subarray(bytes);
}

/** Reads the data to its end, and returns a stream of it. */
async function copyOf(data: ByteStream): Promise<ByteStream> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(Uint8Array.from(chunk));
  return ReadableStream.from(chunks);
}

/** Keeps the beginning of a truncated file under its name. */
function keeping(keeps: (aborted: boolean) => boolean): NonNullable<Breakage["exporter"]> {
  return (sound, folder) => ({
    storeFile: async (pathname, data, size, context) => {
      const chunks: Uint8Array[] = [];
      try {
        await sound.storeFile(pathname, recorded(data, chunks), size, context);
      } catch (error) {
        if (keeps(context.signal.aborted)) await writeFile(join(folder, pathname), Buffer.concat(chunks));
        throw error;
      }
    },
  });
}

function isIgnored(pathname: string): boolean {
  return pathname.endsWith("/empty-folder");
}

/** Correct exporters with one mistake in the author's code. */
export const exporterBreakages: readonly Breakage[] = [
  {
    rule: "exporter.tree.contents",
    how: "changes one byte of large files",
    exporter: (sound) => ({
      storeFile: (pathname, data, size, context) => sound.storeFile(pathname, changed(data, size ?? 0), size, context),
    }),
  },
  {
    rule: "exporter.tree.folders",
    how: "does not create empty folders",
    exporter: (sound): Partial<Exporter> => ({
      createDirectory: async (pathname) => {
        if (!isIgnored(pathname)) await sound.createDirectory(pathname);
      },
      setPermissions: async (pathname, fileInfo) => {
        if (!isIgnored(pathname)) await sound.setPermissions(pathname, fileInfo);
      },
    }),
  },
  {
    rule: "exporter.tree.symbolic-links",
    how: "resolves the targets of links",
    exporter: (sound, folder) => ({
      createLink: async (oldname, newname, kind) => {
        if (kind === "symbolic") await symlink(join(folder, oldname), join(folder, newname));
        else await sound.createLink?.(oldname, newname, kind);
      },
    }),
  },
  {
    rule: "exporter.tree.hard-links",
    how: "creates an empty file for the second name",
    exporter: (sound, folder) => ({
      createLink: async (oldname, newname, kind) => {
        if (kind === "hard") await writeFile(join(folder, newname), "");
        else await sound.createLink?.(oldname, newname, kind);
      },
    }),
  },
  {
    rule: "exporter.tree.modes",
    how: "makes every entry readable by everyone",
    exporter: (sound, folder) => ({
      setPermissions: async (pathname, fileInfo) => {
        await sound.setPermissions(pathname, fileInfo);
        if (!isSymlink(fileInfo.mode))
          await chmod(join(folder, pathname), (fileModeToPosix(fileInfo.mode) & 0o7777) | 0o444);
      },
    }),
  },
  {
    rule: "exporter.tree.times",
    how: "rounds times down to the hour",
    exporter: (sound, folder) => ({
      setPermissions: async (pathname, fileInfo) => {
        await sound.setPermissions(pathname, fileInfo);
        const hours = Math.floor(Number(fileInfo.modTime) / NANOSECONDS / 3600) * 3600;
        if (!isSymlink(fileInfo.mode)) await utimes(join(folder, pathname), hours, hours);
      },
    }),
  },
  {
    rule: "exporter.files.replaced",
    how: "keeps the rest of a longer file",
    exporter: (sound, folder) => ({
      storeFile: async (pathname, data, size, context) => {
        const before = await readFile(join(folder, pathname)).catch(() => new Uint8Array());
        await sound.storeFile(pathname, followedBy(data, before), size, context);
      },
    }),
  },
  {
    rule: "exporter.files.stored",
    how: "stores a file after it has answered",
    exporter: (sound: Exporter): Partial<Exporter> => {
      const later = new Map<string, () => Promise<void>>();
      return {
        storeFile: async (pathname, data, size, context) => {
          const stored = await copyOf(data);
          if (size !== undefined && STORED_SIZES.includes(size))
            later.set(pathname, async () => sound.storeFile(pathname, stored, size, context));
          else await sound.storeFile(pathname, stored, size, context);
        },
        setPermissions: async (pathname, fileInfo) => {
          if (!later.has(pathname)) await sound.setPermissions(pathname, fileInfo);
        },
        close: async () => {
          for (const store of later.values()) await store();
        },
      };
    },
  },
  {
    rule: "exporter.files.stored",
    how: "ignores the error of a write",
    exporter: (sound: Exporter): Partial<Exporter> => {
      const lost = new Set<string>();
      return {
        storeFile: async (pathname, data, size, context) => {
          const stored = await copyOf(data);
          try {
            await sound.storeFile(pathname, stored, size, context);
          } catch (error) {
            // The rule exporter.files.drained applies only to plugins that report this one.
            if (size === REFUSED_BYTES) throw error;
            lost.add(pathname);
          }
        },
        setPermissions: async (pathname, fileInfo) => {
          if (!lost.has(pathname)) await sound.setPermissions(pathname, fileInfo);
        },
      };
    },
  },
  {
    rule: "exporter.files.broken-off.keeps-nothing",
    how: "keeps the beginning",
    exporter: keeping((aborted) => !aborted),
  },
  { rule: "exporter.files.cancelled", how: "keeps the beginning", exporter: keeping((aborted) => aborted) },
  {
    rule: "exporter.folders.again",
    how: "does not create missing parents",
    generations: ["v1.0"],
    exporter: (sound, folder) => ({
      createDirectory: async (pathname) => {
        const path = join(folder, pathname);
        await mkdir(path).catch((error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        });
      },
    }),
  },
];
