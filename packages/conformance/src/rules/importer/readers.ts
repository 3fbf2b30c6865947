import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { NO_HOSTS } from "../../levels.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { HUGE_BYTES, MAX_HUGE_BYTES, writeHugeFiles } from "../../tree/huge-files.js";
import { ADD_FILES, isFile, quote, scanAll, sizeOf } from "./collect.js";
import { readRest, tryRead } from "./reading.js";
import { startWire } from "./start.js";
import { withFiles, type File } from "./trial.js";
import type { WireImporter, WireReader, WireRecord } from "./wire.js";

const PARALLEL = 8;

async function requireContent(importer: WireImporter, { record, bytes }: File, how: string): Promise<void> {
  const what = `${quote(record.pathname)}, ${how}`;
  const content = await tryRead(importer, record);
  if (content instanceof PluginError) throw new Violation(`${what}: ${content.message}`);
  requireSameBytes(content, bytes, what);
}

/** Opens a file and reads its first chunk. */
async function begin(importer: WireImporter, { record }: File): Promise<{ reader: WireReader; first: Uint8Array }> {
  const reader = await importer.open(record);
  return { reader, first: (await reader.chunk()) ?? new Uint8Array() };
}

async function requireRest(
  { reader, first }: { reader: WireReader; first: Uint8Array },
  { record, bytes }: File,
  how: string,
): Promise<void> {
  requireSameBytes(Buffer.concat([first, await readRest(reader)]), bytes, `${quote(record.pathname)}, ${how}`);
  await reader.close();
}

/** Starts the plugin and finds a file that is larger than the flow-control windows. */
async function startWithHugeFile(
  harness: Harness<"importer">,
): Promise<{ importer: WireImporter; record: WireRecord }> {
  await writeHugeFiles(harness, 1);
  const importer = await startWire(harness, { options: { maxConcurrency: 2 } });
  const isHuge = (size: number): boolean => size >= HUGE_BYTES && size <= MAX_HUGE_BYTES;
  const huge = (await scanAll(importer)).find((each) => isFile(each) && isHuge(sizeOf(each)));
  return {
    importer,
    record:
      huge ?? harness.notApplicable(`the source has no file of ${HUGE_BYTES} to ${MAX_HUGE_BYTES} bytes`, ADD_FILES),
  };
}

/**
 * Reads from one reader until the other has received its first chunk.
 *
 * @returns The bytes received from each, or undefined if one ended before the other began.
 */
async function readUntilBegun(one: WireReader, other: WireReader): Promise<[number, number] | undefined> {
  const state = { hasBegun: false };
  const beginning = unlessFailed(other.chunk()).finally(() => {
    state.hasBegun = true;
  });
  // Not awaited if the first reader ends early: avoid an unhandled rejection.
  beginning.catch(() => undefined);
  let received = 0;
  do {
    const chunk = await unlessFailed(one.chunk());
    if (chunk === undefined) return undefined;
    received += chunk.length;
  } while (!state.hasBegun);
  const first = await beginning;
  return first === undefined ? undefined : [received, first.length];
}

/** Returns undefined if the plugin answers with an error. */
async function unlessFailed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PluginError) return undefined;
    throw error;
  }
}

/** Rules about when files are opened, how often, and how many at once. */
export const readers: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.readers.late",
    connector: "importer",
    title: "opens files after the end of the scan",
    because: "hosts scan ahead of their work, and open most files after the last record",
    check: async (harness) => {
      await withFiles(harness, { count: 3, late: true }, async (importer, files) => {
        for (const file of files) await requireContent(importer, file, "opened after the scan");
      });
    },
  },
  {
    id: "importer.readers.again",
    connector: "importer",
    title: "answers a second Open of a file with its content or an error",
    because: "if an exhausted reader yields nothing, without an error, the backup has an empty file",
    hosts: NO_HOSTS,
    check: async (harness) => {
      await withFiles(harness, { count: 1 }, async (importer, files) => {
        for (const { record, bytes } of files) {
          await tryRead(importer, record);
          const again = await tryRead(importer, record);
          if (!(again instanceof PluginError))
            requireSameBytes(again, bytes, `${quote(record.pathname)}, opened again`);
        }
      });
    },
  },
  {
    id: "importer.readers.at-once",
    connector: "importer",
    title: `opens ${PARALLEL} files at once, each with its own content`,
    because: "hosts read one file per worker; bytes that end up in the wrong file go unnoticed until the restore",
    check: async (harness) => {
      const wanted = { count: PARALLEL, atLeast: 2, options: { options: { maxConcurrency: PARALLEL } } };
      await withFiles(harness, wanted, async (importer, files) => {
        await Promise.all(files.map((file) => requireContent(importer, file, `one of ${files.length} at once`)));
      });
    },
  },
  {
    id: "importer.readers.cancelled",
    connector: "importer",
    title: "continues with all other files when the host abandons one half-way",
    because: "hosts cancel (v1.1) or close (v1.0) readers that they no longer need, in the middle of a backup",
    check: async (harness) => {
      await writeHugeFiles(harness, 1);
      await withFiles(
        harness,
        { count: 3, atLeast: 2, maxBytes: MAX_HUGE_BYTES, options: { options: { maxConcurrency: 2 } } },
        async (importer, [large, other, later]) => {
          // Never undefined: at least two were requested.
          if (large === undefined || other === undefined) return;
          const otherReader = await begin(importer, other);
          const { reader } = await begin(importer, large);
          const closed = reader.close();
          // The answer to CloseReader is the matter of another rule.
          closed.catch(() => undefined);
          await requireRest(otherReader, other, "while another file was abandoned");
          if (later !== undefined) await requireContent(importer, later, "after another file was abandoned");
        },
      );
    },
  },
  {
    id: "importer.readers.slow",
    connector: "importer",
    title: "keeps reading other files while the host reads one slowly",
    because:
      "hosts read several files at once, as fast as their storage permits: one slow file must not block the rest",
    check: async (harness) => {
      await writeHugeFiles(harness, 1);
      await withFiles(
        harness,
        { count: 4, atLeast: 2, maxBytes: MAX_HUGE_BYTES, options: { options: { maxConcurrency: 2 } } },
        async (importer, [large, ...others]) => {
          if (large === undefined) return;
          const slow = await begin(importer, large);
          for (const file of others)
            await requireContent(importer, file, `while ${quote(large.record.pathname)} was read slowly`);
          await requireRest(slow, large, "read slowly");
        },
      );
    },
  },
  {
    id: "importer.readers.close-ends",
    connector: "importer",
    title: "ends the stream of a reader when CloseReader closes it",
    because:
      "v1.0 hosts never cancel the call: otherwise the plugin reads the file to its end in vain, or never closes it",
    generations: ["v1.0"],
    check: async (harness) => {
      const { importer, record } = await startWithHugeFile(harness);
      const reader = await importer.open(record);
      const first = (await reader.chunk())?.length ?? 0;
      await reader.close();
      // An error also ends the stream.
      const received = first + ((await unlessFailed(readRest(reader)))?.length ?? 0);
      requires(
        received < sizeOf(record),
        () =>
          `the plugin sent all ${received} bytes of ${quote(record.pathname)}, although the host closed the reader after the first chunk`,
      );
    },
  },
  {
    id: "importer.readers.close-one",
    connector: "importer",
    title: "does not silently truncate a reader when CloseReader closes another one of the same file",
    because:
      "CloseReader names only a pathname: if the wrong reader ends early and without an error, the host stores a truncated file",
    hosts: NO_HOSTS,
    generations: ["v1.0"],
    check: async (harness) => {
      const { importer, record } = await startWithHugeFile(harness);
      const [one, other] = [await importer.open(record), await importer.open(record)];
      const ahead = await readUntilBegun(one, other);
      // Allowed: a plugin may read the same file one call after the other, or fail the second.
      if (ahead === undefined) return;
      await one.close();
      const rests = await Promise.all([one, other].map((reader) => unlessFailed(readRest(reader))));
      for (const [index, rest] of rests.entries()) {
        const received = (ahead[index] ?? 0) + (rest?.length ?? 0);
        const size = sizeOf(record);
        requires(
          rest === undefined || received === size,
          () =>
            `${quote(record.pathname)} was open twice; when one reader was closed, one ended with success after ${received} of ${size} bytes`,
        );
      }
    },
  },
];
