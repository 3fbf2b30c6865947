#!/usr/bin/env node
/**
 * The demo: backs up a real folder, stores it, restores it and compares both, once
 * for each generation of Plakar's wire protocol.
 */
import { mkdtemp, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommanderError } from "commander";
import { folderOf, isBelow, parseCommandLine, UsageError } from "./command-line.js";
import { missingExecutables } from "./connectors.js";
import { loadExtendedAttributes } from "./extended-attributes.js";
import { onInterrupt, Interrupted } from "./interrupt.js";
import { progressOn } from "./progress.js";
import { removeTree } from "./remove-tree.js";
import { report } from "./report.js";
import { countSource, pluginFolder, roundTrip, type RoundTrip, type RoundTripOptions } from "./round-trip.js";

const generations = ["v1.0", "v1.1"] as const;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { keep, folder } = parseCommandLine(process.argv.slice(2));
    return await run(await folderOf(folder), keep);
  } catch (error) {
    // Commander has printed its own errors, and the help.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      print(error.message);
      return 2;
    }
    print(messageOf(error));
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

/** @returns The exit code. */
async function run(source: string, keep: boolean): Promise<number> {
  const missing = await missingExecutables(pluginFolder);
  if (missing.length > 0) {
    print(`the plugin is not built: cannot run ${missing.join(", ")}. Build it with: npm run build`);
    return 2;
  }
  const parent = await realpath(tmpdir());
  if (isBelow(source, parent)) {
    throw new UsageError(
      `${JSON.stringify(source)} contains the folder for temporary files, ${parent}: set TMPDIR to a folder outside of it`,
    );
  }
  const { signal, release } = onInterrupt(() => {
    print("interrupted: ending the plugins and removing the temporary files …");
  });
  try {
    const progress = progressOn(process.stderr);
    print(`Backing up, storing, reading back, restoring and comparing ${source}, once for each generation.`);
    const counted = await countSource(source, signal);
    print(`It has ${counted.entries.toLocaleString("en")} entries and ${counted.bytes.toLocaleString("en")} bytes.`);
    const extendedAttributes = loadExtendedAttributes(pluginFolder);
    const trips: RoundTrip[] = [];
    for (const generation of generations) {
      const trip = await roundTripIn(parent, keep, generation, source, {
        counted,
        progress,
        extendedAttributes,
        signal,
      });
      if (trip !== undefined) trips.push(trip);
    }
    report(source, trips);
    const perfect = trips.every(({ differences, errors }) => differences.length === 0 && errors.length === 0);
    return perfect && trips.length === generations.length ? 0 : 1;
  } finally {
    release();
  }
}

/** @returns undefined if it failed, after printing the error. The other generation may still work. */
async function roundTripIn(
  parent: string,
  keep: boolean,
  generation: (typeof generations)[number],
  source: string,
  options: RoundTripOptions,
): Promise<RoundTrip | undefined> {
  const work = await mkdtemp(join(parent, "kloset-demo-"));
  try {
    return await roundTrip(generation, source, work, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    print(`${generation} failed: ${messageOf(error)}`);
    return undefined;
  } finally {
    if (keep) print(`${generation} kept: ${work}`);
    else {
      // The result is reported nevertheless.
      await removeTree(work).catch((error: unknown) => {
        print(`cannot remove ${work}: ${messageOf(error)}`);
      });
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}
