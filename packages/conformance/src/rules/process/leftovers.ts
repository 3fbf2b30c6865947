import { readdir } from "node:fs/promises";
import { requires, type CommonRule } from "../../rule.js";
import { until } from "../../until.js";
import { FILES, requireNoDescriptors, requirePid } from "./descriptors.js";
import { giveUp, prepareGivingUp } from "./given-up.js";
import { Family } from "./left-processes.js";
import { work } from "./work.js";

/** What a plugin leaves behind. */
export const leftovers: readonly CommonRule[] = [
  {
    id: "process.leftovers.descriptors",
    title: "closes the descriptors that it opens",
    because: "a backup opens millions of files: one descriptor kept for each ends it after a thousand",
    check: async (bench) => {
      const { plugin, client } = await bench.start();
      const pid = requirePid(bench, plugin.pid);
      await requireNoDescriptors(bench, pid, "more files", async (after) => {
        await work(bench, client, { files: FILES, after });
      });
    },
  },
  {
    id: "process.leftovers.given-up",
    title: "closes the descriptors of what the host gives up half-way",
    because:
      "hosts give up files whose other side has failed, and go on: one descriptor kept for each ends a long backup",
    check: async (bench) => {
      await prepareGivingUp(bench, FILES);
      const { plugin, client } = await bench.start();
      const pid = requirePid(bench, plugin.pid);
      await requireNoDescriptors(bench, pid, "more transfers that the host gave up", async (after) => {
        await giveUp(bench, client, { times: FILES, after });
      });
    },
  },
  {
    id: "process.leftovers.processes",
    title: "leaves no process behind",
    because: "what a plugin has started and forgotten runs on for days, with the user's data open",
    check: async (bench) => {
      const { plugin, client } = await bench.start();
      const family = new Family(requirePid(bench, plugin.pid), `TMPDIR=${bench.ground.temporary}`);
      await work(bench, client);
      await client.close();
      await family.note();
      await plugin.stop();
      let left: string[] = [];
      await until(async () => (left = await family.left()).length === 0, {
        within: bench.graceMs,
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
