import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bench } from "../../bench.js";
import { requires, type CommonRule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { until } from "../../until.js";
import { work } from "./work.js";

/** A plugin may open something with its first files that it keeps; it may not open something with each. */
const WARM_UP_FILES = 3;
const FILES = 11;
const SETTLE_MS = 5_000;

/** What a plugin leaves behind. */
export const leftovers: readonly CommonRule[] = [
  {
    id: "process.leftovers.descriptors",
    title: "closes the descriptors that it opens",
    because: "a backup opens millions of files: one descriptor kept for each ends it after a thousand",
    check: async (bench) => {
      const { plugin, client } = await bench.start();
      const pid = requirePid(bench, plugin.pid);
      let before = Infinity;
      let after = 0;
      const count = async (files: number): Promise<void> => {
        if (files === WARM_UP_FILES) before = await settledDescriptors(bench, pid);
        if (files === FILES) after = await settledDescriptors(bench, pid);
      };
      await work(bench, client, { files: FILES, after: count });
      if (after === 0) bench.notApplicable(`there are not ${String(FILES)} files to read`);
      const more = FILES - WARM_UP_FILES;
      requires(
        after - before < more,
        () => `after ${String(more)} more files there are ${String(after)} open descriptors, before there were ${String(before)}`,
      );
    },
  },
  {
    id: "process.leftovers.processes",
    title: "leaves no process behind",
    because: "what a plugin has started and forgotten runs on for days, with the user's data open",
    check: async (bench) => {
      const { plugin, client } = await bench.start();
      requirePid(bench, plugin.pid);
      await work(bench, client);
      await client.close();
      await plugin.stop();
      let left: string[] = [];
      await until(async () => (left = await processesWith(`TMPDIR=${bench.ground.temporary}`)).length === 0, {
        within: SETTLE_MS,
        otherwise: () => `still running after the plugin's end: ${left.join(", ")}`,
        signal: bench.signal,
      });
    },
  },
  {
    id: "process.leftovers.temporary-files",
    title: "leaves nothing in the folder for temporary files",
    because: "what every backup leaves there fills the disk, and may hold the user's data",
    check: async (bench) => {
      const { plugin, client } = await bench.start();
      await work(bench, client);
      await client.close();
      await plugin.stop();
      const left = await readdir(bench.ground.temporary);
      requires(left.length === 0, () => `left in TMPDIR: ${left.map((each) => JSON.stringify(each)).join(", ")}`);
    },
  },
];

/** Ends the check where the system does not tell, or the plugin is no process. */
function requirePid(bench: Bench<ConnectorKind>, pid: number | undefined): number {
  if (process.platform !== "linux") bench.notApplicable("only Linux tells, in /proc");
  return pid ?? bench.notApplicable("the plugin is no process of its own");
}

/** What is closed a moment after the answer must not count as left open. */
async function settledDescriptors(bench: Bench<ConnectorKind>, pid: number): Promise<number> {
  let count = await descriptorsOf(pid);
  await until(async () => count === (count = await descriptorsOf(pid)), {
    within: SETTLE_MS,
    otherwise: () => "the number of open descriptors never settles",
    signal: bench.signal,
  });
  return count;
}

async function descriptorsOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${String(pid)}/fd`)).length;
}

/** Everything that a plugin starts inherits its environment, unless it takes care not to. */
async function processesWith(variable: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const environment = await readFile(join("/proc", pid, "environ"), "utf8");
        if (!environment.split("\0").includes(variable)) return [];
        const command = await readFile(join("/proc", pid, "cmdline"), "utf8");
        // A zombie has no command line.
        return command === "" ? [] : [`${pid} (${command.split("\0").join(" ").trim()})`];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}
