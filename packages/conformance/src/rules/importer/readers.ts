import { PluginError } from "@kloset/host";
import type { Harness } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { HUGE_BYTES, MAX_HUGE_BYTES, writeHugeFiles } from "../../tree/huge-files.js";
import { isFile, quote, scanAll, sizeOf } from "./collect.js";
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

/** Begins to read. @throws Violation for what fails at once. */
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

/** A file of which flow control keeps back the most, on a plugin that was started. */
async function startWithHugeFile(
  harness: Harness<"importer">,
): Promise<{ importer: WireImporter; record: WireRecord }> {
  await writeHugeFiles(harness, 1);
  const importer = await startWire(harness);
  const isHuge = (size: number): boolean => size >= HUGE_BYTES && size <= MAX_HUGE_BYTES;
  const huge = (await scanAll(importer)).find((each) => isFile(each) && isHuge(sizeOf(each)));
  return {
    importer,
    record: huge ?? harness.notApplicable(`there is no file of ${HUGE_BYTES} to ${MAX_HUGE_BYTES} bytes`),
  };
}

/**
 * Reads with one reader until the other has begun, too.
 *
 * @returns how much of each has come; undefined when one of them has ended before the other began.
 */
async function readUntilBegun(one: WireReader, other: WireReader): Promise<[number, number] | undefined> {
  const state = { hasBegun: false };
  const beginning = unlessFailed(other.chunk()).finally(() => {
    state.hasBegun = true;
  });
  // When it is not waited for, its failure concerns nobody.
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

/** @returns undefined when the plugin answers with an error. */
async function unlessFailed<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PluginError) return undefined;
    throw error;
  }
}

/** When, how often and how many at once files are opened. */
export const readers: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.readers.late",
    connector: "importer",
    title: "opens files after the scan is done",
    because: "hosts scan ahead of their work: most files of a backup are opened after the last record came",
    check: async (harness) => {
      await withFiles(harness, { count: 3, late: true }, async (importer, files) => {
        for (const file of files) await requireContent(importer, file, "opened after the scan");
      });
    },
  },
  {
    id: "importer.readers.again",
    connector: "importer",
    title: "answers a second opening of a file with its content, or with an error",
    because: "a reader that was used up and gives nothing, without an error, is an empty file in the backup",
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
    because:
      "hosts read as many files at once as they have workers; bytes of one in another are not noticed until the restore",
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
    title: "goes on with all other files when the host gives one up half-way",
    because: "hosts cancel (1.1) or close (1.0) readers that they no longer want, in the middle of a backup",
    check: async (harness) => {
      await writeHugeFiles(harness, 1);
      await withFiles(
        harness,
        { count: 3, atLeast: 2, maxBytes: MAX_HUGE_BYTES },
        async (importer, [large, other, later]) => {
          // There are at least two.
          if (large === undefined || other === undefined) return;
          const on = await begin(importer, other);
          const { reader } = await begin(importer, large);
          const closed = reader.close();
          // That it is answered is another rule.
          closed.catch(() => undefined);
          await requireRest(on, other, "while another one was given up");
          if (later !== undefined) await requireContent(importer, later, "after another one was given up");
        },
      );
    },
  },
  {
    id: "importer.readers.slow",
    connector: "importer",
    title: "reads other files while the host is slow with one",
    because:
      "hosts read several files at once, at the pace of their storage: one that waits must not hold up the others",
    check: async (harness) => {
      await writeHugeFiles(harness, 1);
      await withFiles(
        harness,
        { count: 4, atLeast: 2, maxBytes: MAX_HUGE_BYTES },
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
    title: "ends the stream of a reader that CloseReader closes",
    because: "v1.0 hosts never cancel: what is not ended there is read to its end for nobody, or stays open for good",
    generations: ["v1.0"],
    check: async (harness) => {
      const { importer, record } = await startWithHugeFile(harness);
      const reader = await importer.open(record);
      const first = (await reader.chunk())?.length ?? 0;
      await reader.close();
      // An error ends it, too.
      const received = first + ((await unlessFailed(readRest(reader)))?.length ?? 0);
      requires(
        received < sizeOf(record),
        () =>
          `all ${received} bytes of ${quote(record.pathname)} came, though the host closed the reader at the first chunk`,
      );
    },
  },
  {
    id: "importer.readers.close-one",
    connector: "importer",
    title: "cuts no reader silently when CloseReader closes another one of the same file",
    because:
      "CloseReader names a pathname alone: whichever ends with success before its end, a host that reads it takes a part for the whole",
    generations: ["v1.0"],
    check: async (harness) => {
      const { importer, record } = await startWithHugeFile(harness);
      const [one, other] = [await importer.open(record), await importer.open(record)];
      const ahead = await readUntilBegun(one, other);
      // Not to read a file twice at once is allowed, be it one after the other or with an error.
      if (ahead === undefined) return;
      await one.close();
      const rests = await Promise.all([one, other].map((reader) => unlessFailed(readRest(reader))));
      for (const [index, rest] of rests.entries()) {
        const received = (ahead[index] ?? 0) + (rest?.length ?? 0);
        const size = sizeOf(record);
        requires(
          rest === undefined || received === size,
          () =>
            `${quote(record.pathname)} was open twice, and one of the two was closed: a reader ended with success after ${received} of ${size} bytes`,
        );
      }
    },
  },
];
