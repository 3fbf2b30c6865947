import { PluginError } from "@kloset/host";
import type { Harness, StartOptions } from "../../harness.js";
import { drain, endScan, isFile, MAX_FILE_BYTES, MAX_FILES, scanAll, sizeOf } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

/** A file that can be opened, and the bytes that it must give. */
export interface File {
  readonly record: WireRecord;
  readonly bytes: Uint8Array;
}

/** Which files a rule wants to read in its own way. */
export interface Wanted {
  /** How many at most: the largest, which come first. */
  readonly count: number;
  /** Fewer end the check. Default 1. */
  readonly atLeast?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Open them when the whole scan is over, not as soon as they were scanned. */
  readonly late?: boolean | undefined;
  readonly options?: StartOptions | undefined;
}

/**
 * Reads files in the plainest way in one process (alone, once, to the end), then
 * has another one scan, in which the rule reads them in its own way. So a rule
 * needs no knowledge of the source, and does not care whether sizes are right.
 * The files' records are acknowledged when the rule is done with them.
 */
export async function withFiles(
  harness: Harness<"importer">,
  wanted: Wanted,
  body: (importer: WireImporter, files: readonly File[]) => Promise<void>,
): Promise<void> {
  const { atLeast = 1, late = false } = wanted;
  const known = await readPlainly(harness, wanted);
  if (known.size < atLeast) harness.notApplicable(tooFew(atLeast, known.size));
  const importer = await startWire(harness, wanted.options);
  const scan = importer.scan();
  let files: File[] = [];
  const state = { done: false };
  const run = async (): Promise<void> => {
    state.done = true;
    if (files.length < atLeast) harness.notApplicable(tooFew(atLeast, files.length));
    files.sort((a, b) => b.bytes.length - a.bytes.length);
    await body(importer, files);
    for (const { record } of files) await scan.acknowledge(record);
    files = [];
  };
  await drain(scan, async (record) => {
    const bytes = isFile(record) && !state.done ? known.get(record.pathname) : undefined;
    if (bytes === undefined) {
      await scan.acknowledge(record);
      return;
    }
    known.delete(record.pathname);
    files.push({ record, bytes });
    if (known.size === 0 && !late) await run();
  });
  if (!state.done) await run();
  await endScan(scan);
}

function tooFew(atLeast: number, found: number): string {
  return `needs files with content that can be read, ${atLeast} at least; there are ${found}`;
}

/** @returns The contents of the largest files, by pathname. */
async function readPlainly(
  harness: Harness<"importer">,
  { count, maxBytes = MAX_FILE_BYTES }: Wanted,
): Promise<Map<string, Uint8Array>> {
  const importer = await startWire(harness);
  const contents: [string, Uint8Array][] = [];
  let opened = 0;
  await scanAll(importer, async (record) => {
    if (!isFile(record) || sizeOf(record) > maxBytes || sizeOf(record) === 0 || opened >= MAX_FILES) return;
    opened++;
    const content = await tryRead(importer, record);
    if (!(content instanceof PluginError) && content.length > 0) contents.push([record.pathname, content]);
    contents.sort(([, a], [, b]) => b.length - a.length).splice(count);
  });
  return new Map(contents);
}
