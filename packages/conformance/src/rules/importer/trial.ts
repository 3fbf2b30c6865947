import { PluginError } from "@kloset/host";
import type { Harness, StartOptions } from "../../harness.js";
import { ADD_FILES, drain, endScan, isFile, MAX_FILE_BYTES, MAX_FILES, scanAll, sizeOf } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";
import type { WireImporter, WireRecord } from "./wire.js";

/** A file that can be opened, and its expected content. */
export interface File {
  readonly record: WireRecord;
  readonly bytes: Uint8Array;
}

/** The files that a rule asks for. */
export interface Wanted {
  /** The maximum number of files. The largest are selected, and come first. */
  readonly count: number;
  /** With fewer files, the rule does not apply. Default: 1. */
  readonly atLeast?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Runs the rule after the whole scan, not as soon as the files were scanned. */
  readonly late?: boolean | undefined;
  readonly options?: StartOptions | undefined;
}

/**
 * Reads files in the simplest manner in one process (one at a time, once, to the end), then scans in a second process,
 * where the rule reads the same files. So a rule depends neither on the source nor on correct sizes. The records of the
 * files are acknowledged after the rule.
 */
export async function withFiles(
  harness: Harness<"importer">,
  wanted: Wanted,
  body: (importer: WireImporter, files: readonly File[]) => Promise<void>,
): Promise<void> {
  const { atLeast = 1, late = false } = wanted;
  const expected = await readOneByOne(harness, wanted);
  if (expected.size < atLeast) harness.notApplicable(tooFew(atLeast, expected.size), ADD_FILES);
  const importer = await startWire(harness, wanted.options);
  const scan = importer.scan();
  let files: File[] = [];
  const state = { done: false };
  const run = async (): Promise<void> => {
    state.done = true;
    if (files.length < atLeast) harness.notApplicable(tooFew(atLeast, files.length), ADD_FILES);
    files.sort((a, b) => b.bytes.length - a.bytes.length);
    await body(importer, files);
    for (const { record } of files) await scan.acknowledge(record);
    files = [];
  };
  await drain(scan, async (record) => {
    const bytes = isFile(record) && !state.done ? expected.get(record.pathname) : undefined;
    if (bytes === undefined) {
      await scan.acknowledge(record);
      return;
    }
    expected.delete(record.pathname);
    files.push({ record, bytes });
    if (expected.size === 0 && !late) await run();
  });
  if (!state.done) await run();
  await endScan(scan);
}

function tooFew(atLeast: number, found: number): string {
  return `needs at least ${atLeast} readable files with content; the source has ${found}`;
}

/** Returns the contents of the largest files by pathname. */
async function readOneByOne(
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
