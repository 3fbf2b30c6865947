import { StoreMode } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository } from "./repository.js";

/** Rules about what a storage reports about itself. */
export const identityRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.location.named",
    connector: "storage",
    title: "reports its location (v1.0), or its root if its type is fs (v1.1)",
    because:
      "hosts exclude the repository itself from backups: with an empty location, they skip everything and report an empty snapshot as a success",
    async check(harness) {
      const { client } = await newRepository(harness);
      const { type, root } = await client.identity();
      if (harness.generation === "v1.0") requires(root !== "", "the location that GetLocation reports is empty");
      // v1.1 hosts compare the root only for this type.
      else requires(type !== "fs" || root !== "", 'Init reports the type "fs" with an empty root');
    },
  },
  {
    id: "storage.mode.read-write",
    connector: "storage",
    title: "reports that it can be read and written",
    because:
      "hosts do not read snapshots from a store without the read bit (4), nor write to one without the write bit (2)",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mode = await client.mode();
      requires(mode >= 0, `the mode is negative: ${mode}`);
      requires((mode & StoreMode.READ) !== 0, `the mode ${mode} has no read bit (${StoreMode.READ})`);
      requires((mode & StoreMode.WRITE) !== 0, `the mode ${mode} has no write bit (${StoreMode.WRITE})`);
    },
  },
  {
    id: "storage.size.sane",
    connector: "storage",
    title: "reports its size in bytes, or -1 if the size is unknown",
    because: "plakar info prints the number unchecked, as an unsigned integer",
    async check(harness) {
      const { client } = await newRepository(harness);
      const size = await client.size();
      requires(size >= -1, `the size is ${size}; expected a number of bytes, or -1`);
    },
  },
  {
    id: "storage.ping",
    connector: "storage",
    title: "answers Ping",
    because: "hosts use Ping to find out whether the store is reachable: an error means that it is not",
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await newRepository(harness);
      await client.ping();
    },
  },
];
