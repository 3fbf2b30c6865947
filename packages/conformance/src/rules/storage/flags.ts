import { Mac } from "@kloset/model";
import { requireSameBytes, readAll } from "../../bytes.js";
import { KLOSET_1_1_4_HOSTS, relyingHosts } from "../../levels.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { CONFIG } from "./repository.js";

/** Hot, and a bit that no host has today. */
const UNKNOWN_FLAGS = 1 | 8;
const MODE_REQUESTS = 20;

/** Rules about calls that plaklet and the next Plakar make, and Plakar up to 1.1.4 does not. */
export const flagRules: readonly ConnectorRule<"storage">[] = relyingHosts(KLOSET_1_1_4_HOSTS, [
  {
    id: "storage.flags.unknown",
    connector: "storage",
    title: "stores, lists, reads and deletes a packfile whose calls carry unknown storage flags",
    because: "newer hosts send flags as a bit set, and a later one may set more bits: an error would end every backup",
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await harness.start({ like: "plaklet" });
      await client.create(CONFIG, harness.signal);
      await client.open(harness.signal);
      const mac = Mac.fromHex("f1".repeat(32));
      const content = new TextEncoder().encode("a packfile with metadata");
      await client.put("packfile", mac, content, harness.signal, UNKNOWN_FLAGS);
      const macs = await client.list("packfile", harness.signal, UNKNOWN_FLAGS);
      requires(
        macs.some((each) => each.equals(mac)),
        () => `List with the flags ${UNKNOWN_FLAGS} omits a packfile that was put: ${mac.hex}`,
      );
      const read = await readAll(client.get("packfile", mac, undefined, harness.signal, UNKNOWN_FLAGS));
      requireSameBytes(read, content, `the packfile ${mac.hex}`);
      await client.delete("packfile", mac, harness.signal, UNKNOWN_FLAGS);
      await client.close();
    },
  },
  {
    id: "storage.mode.repeated",
    connector: "storage",
    title: "reports the same mode every time",
    because: "newer hosts request the mode at each file of a restore: an error or another mode ends the restore there",
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await harness.start({ like: "plaklet" });
      await client.create(CONFIG, harness.signal);
      await client.open(harness.signal);
      const modes = new Set<number>();
      for (let i = 0; i < MODE_REQUESTS; i++) modes.add(await client.mode(harness.signal));
      requires(modes.size === 1, () => `Mode reports different modes: ${[...modes].join(", ")}`);
      await client.close();
    },
  },
]);
