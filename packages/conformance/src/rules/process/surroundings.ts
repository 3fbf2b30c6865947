import { requires, type CommonRule } from "../../rule.js";
import { poke, work } from "./work.js";

/** Where and how often a plugin is started. */
export const surroundings: readonly CommonRule[] = [
  {
    id: "process.starts.in-any-folder",
    title: "works whatever its working directory is",
    because: "hosts start plugins in the user's working directory, not in the package's folder",
    check: async (bench) => {
      const { client } = await bench.start({ cwd: "/" });
      await poke(client);
    },
  },
  {
    id: "process.starts.twice-at-once",
    title: "works while another process of it runs",
    because: "hosts run two importers for each backup, and two storages on one location",
    check: async (bench) => {
      const [first, second] = [await bench.start(), await bench.start()];
      requires(first.plugin.pid === undefined || first.plugin.pid !== second.plugin.pid, "both are one process");
      await work(bench, first.client);
      await Promise.all([poke(first.client), poke(second.client)]);
    },
  },
];
