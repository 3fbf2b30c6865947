import { stat } from "node:fs";
import { promisify } from "node:util";
import type { Entry } from "@kloset/sdk";
import { errorEntry, statsOf, type Inspector } from "./inspect.js";
import { walk, type WalkOptions } from "./walk.js";
import type { Way } from "./way.js";

const statOf = promisify(stat);

/**
 * Yields everything from "/" down that leads to the location, then what is there.
 *
 * @param way - To the location, as `wayTo` has found it.
 */
export async function* scan(
  way: Way,
  options: WalkOptions,
  signal: AbortSignal,
): AsyncGenerator<Entry, void, undefined> {
  for (const parent of way.parents) yield await parentEntry(parent, options.inspector);
  for (const link of way.links) {
    signal.throwIfAborted();
    try {
      yield* await options.inspector.entriesOf(link, link, await statsOf(link));
    } catch (error) {
      yield errorEntry(link, error);
    }
  }
  if (way.error !== undefined) yield errorEntry(way.links.at(-1) ?? "/", way.error);
  if (way.top !== undefined) yield* walk(way.top, options, signal);
}

/**
 * A directory on the way to the location. If it is a symbolic link, what it
 * points to is meant: in the snapshot it is a directory, things are in it.
 */
async function parentEntry(pathname: string, inspector: Inspector): Promise<Entry> {
  try {
    const [record] = await inspector.entriesOf(pathname, pathname, await statOf(pathname, { bigint: true }), false);
    return record ?? errorEntry(pathname, "not found");
  } catch (error) {
    return errorEntry(pathname, error);
  }
}
