import { readdir } from "node:fs/promises";
import { requires } from "../../violation.js";
import type { CommonRule } from "../../rule.js";
import { until } from "../../waiting.js";
import { FILES, requireNoDescriptors, requirePid } from "./descriptors.js";
import { giveUp, prepareGivingUp } from "./given-up.js";
import { Descendants } from "./descendants.js";
import { work } from "./workload.js";

/** Rules for what a plugin leaves behind. */
export const leftovers: readonly CommonRule[] = [
  {
    id: "process.leftovers.descriptors",
    title: "closes the file descriptors that it opens",
    because: "a backup opens millions of files; a plugin that keeps a descriptor for each fails after about a thousand",
    check: async (harness) => {
      const { plugin, client } = await harness.start();
      const pid = requirePid(harness, plugin.pid);
      await requireNoDescriptors(harness, pid, "more files", async (after) => {
        await work(harness, client, { files: FILES, after });
      });
    },
  },
  {
    id: "process.leftovers.given-up",
    title: "closes the file descriptors of transfers that the host gives up half-way",
    because:
      "hosts give up a transfer when its other end fails, and go on; a plugin that keeps a descriptor for each fails in a long backup",
    check: async (harness) => {
      await prepareGivingUp(harness, FILES);
      const { plugin, client } = await harness.start();
      const pid = requirePid(harness, plugin.pid);
      await requireNoDescriptors(harness, pid, "more transfers that the host gave up", async (after) => {
        await giveUp(harness, client, { times: FILES, after });
      });
    },
  },
  {
    id: "process.leftovers.processes",
    title: "leaves no process behind",
    because: "a forgotten child process can run on for days, with the user's data open",
    check: async (harness) => {
      const { plugin, client } = await harness.start();
      const descendants = new Descendants(requirePid(harness, plugin.pid), `TMPDIR=${harness.workspace.temporary}`);
      await work(harness, client);
      await client.close();
      await descendants.record();
      await plugin.stop();
      let left: string[] = [];
      await until(async () => (left = await descendants.left()).length === 0, {
        within: harness.graceMs,
        otherwise: () => `still running after the plugin's exit: ${left.join(", ")}`,
        signal: harness.signal,
      });
    },
  },
  {
    id: "process.leftovers.temporary-files",
    title: "leaves no temporary files behind",
    because: "files left by every backup fill the disk, and may contain the user's data",
    check: async (harness) => {
      const { plugin, client } = await harness.start();
      await work(harness, client);
      await client.close();
      await plugin.stop();
      const left = await readdir(harness.workspace.temporary);
      requires(left.length === 0, () => `left in TMPDIR: ${left.map((each) => JSON.stringify(each)).join(", ")}`);
    },
  },
];
