import { fileInfoOf, type FileInfoInit, type RecordEntry } from "@kloset/model";
import type { Importer } from "@kloset/importer";
import { knownContent } from "../tree/known-tree.js";

const MiB = 1024 * 1024;
const TIME = 1_582_979_696_789_000_000n;
const DIRECTORIES_AT_THE_END = 20;

/** Files larger than a chunk, empty ones, and enough small ones for concurrent readers. */
const SIZES: Readonly<Record<string, number>> = {
  "/empty": 0,
  "/one": 1,
  "/large": 1.25 * MiB,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`/small-${index}`, 1000 + index])),
};
/** Larger than the flow-control window. */
const HUGE: Readonly<Record<string, number>> = { "/huge": 10 * MiB };

const contents = new Map<string, Uint8Array>();

/** Returns the content of a file, made once for all tests. */
function contentOf(pathname: string): Uint8Array {
  const size = { ...SIZES, ...HUGE }[pathname];
  if (size === undefined) throw new Error(`no such file: ${pathname}`);
  const content = contents.get(pathname) ?? knownContent(pathname, size);
  contents.set(pathname, content);
  return content;
}

/** Creates an importer in memory with records of every type. */
export function memoryImporter(): Importer {
  return importerOf(SIZES);
}

/** Creates the same importer with an additional huge file. */
export function memoryImporterWithHugeFile(): Importer {
  return importerOf({ ...SIZES, ...HUGE });
}

function importerOf(sizes: Readonly<Record<string, number>>): Importer {
  return {
    origin: () => "here",
    type: () => "memory",
    root: () => "/",
    *scan() {
      yield entry("/", { type: "directory" });
      for (const [pathname, size] of Object.entries(sizes)) yield entry(pathname, { size });
      yield { pathname: "/one", attribute: { name: "user.color", kind: "extended" } };
      yield { ...entry("/link", { type: "symlink" }), target: "small-1" };
      yield entry("/pipe", { type: "fifo" });
      yield { pathname: "/locked", error: new Error("EACCES: permission denied") };
      for (let index = 0; index < DIRECTORIES_AT_THE_END; index++)
        yield entry(`/folder-${index}`, { type: "directory" });
      yield entry(LAST, { type: "directory" });
    },
    open: ({ pathname, attribute }) => (attribute === undefined ? contentOf(pathname) : Buffer.from("red")),
    close: () => undefined,
  };
}

/** The pathname of the last record of {@link memoryImporter}. */
export const LAST = "/last";

function entry(pathname: string, init: FileInfoInit): RecordEntry {
  return { pathname, fileInfo: fileInfoOf({ ...init, modTime: TIME }) };
}
