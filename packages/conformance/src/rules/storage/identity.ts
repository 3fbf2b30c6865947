import { StoreMode } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository } from "./repository.js";

/** What a storage says of itself. */
export const identityRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.location.named",
    connector: "storage",
    title: "says where it is: a location (1.0), a root if its type is fs (1.1)",
    because:
      "Hosts leave out of a backup what lies in the repository itself: with an empty name they skip everything, and report an empty snapshot as a success.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const { type, root } = await client.identity();
      if (harness.generation === "v1.0") requires(root !== "", "GetLocation answered an empty location");
      // Hosts of this generation compare it for stores of this type alone.
      else requires(type !== "fs" || root !== "", `Init answered the type "fs" and an empty root`);
    },
  },
  {
    id: "storage.mode.read-write",
    connector: "storage",
    title: "says that it can be read and written",
    because:
      "Hosts do not read snapshots from a store without the read bit (4), and do not write to one without the write bit (2).",
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
    title: "answers its size in bytes, or -1 when it does not know",
    because: "plakar info shows the size as it comes, without a sign.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const size = await client.size();
      requires(size >= -1, `the size is ${size}: bytes, or -1, are needed`);
    },
  },
  {
    id: "storage.ping",
    connector: "storage",
    title: "answers Ping",
    because: "Ping asks whether the store can be reached: an error says that it can not.",
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await newRepository(harness);
      await client.ping();
    },
  },
];
