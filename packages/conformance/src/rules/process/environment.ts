import { requires } from "../../violation.js";
import type { CommonRule } from "../../rule.js";
import { probe, work } from "./workload.js";

/** Rules for the environment in which a plugin starts. */
export const environment: readonly CommonRule[] = [
  {
    id: "process.starts.in-any-folder",
    title: "works in any working directory",
    because: "hosts start plugins in the user's working directory, not in the folder of the package",
    check: async (harness) => {
      const { client } = await harness.start({ cwd: "/" });
      await probe(client);
    },
  },
  {
    id: "process.starts.twice-at-once",
    title: "works while another process of the same plugin runs",
    because: "hosts run two importers for each backup, and two storages on one location",
    check: async (harness) => {
      const [first, second] = [await harness.start(), await harness.start()];
      requires(
        first.plugin.pid === undefined || first.plugin.pid !== second.plugin.pid,
        "both starts share one process",
      );
      await work(harness, first.client);
      await Promise.all([probe(first.client), probe(second.client)]);
    },
  },
];
