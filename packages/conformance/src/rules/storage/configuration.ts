import { requireSameBytes } from "../../bytes.js";
import type { ConnectorRule } from "../../rule.js";
import { requireRefused } from "./refusals.js";
import { MiB } from "./resources.js";

/** Every byte there is, and an end that text is often stripped of. */
const BYTES = Uint8Array.from([...Array.from({ length: 256 }, (_, byte) => byte), 0x0d, 0x0a, 0x20, 0x00, 0x00]);

/** Lines that are all different, 1 MiB of them. */
const LARGE = new TextEncoder()
  .encode(Array.from({ length: MiB / 16 }, (_, line) => `line ${String(line).padStart(10, "0")}\n`).join(""))
  .subarray(0, MiB);

const because =
  "The configuration holds what a repository is read with, and the keys that it is encrypted with: a changed byte locks the user out of all backups in it.";

/** How a repository is made and opened. */
export const configurationRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.config.bytes",
    connector: "storage",
    title: "keeps the configuration byte for byte",
    because,
    async check(harness) {
      const { client } = await harness.start();
      await client.create(BYTES);
      requireSameBytes(await client.open(), BYTES, `the configuration of ${BYTES.length} bytes`);
    },
  },
  {
    id: "storage.config.large",
    connector: "storage",
    title: "keeps a configuration of 1 MiB",
    because,
    async check(harness) {
      const { client } = await harness.start();
      await client.create(LARGE);
      requireSameBytes(await client.open(), LARGE, `the configuration of ${LARGE.length} bytes`);
    },
  },
  {
    id: "storage.open.before-create",
    connector: "storage",
    title: "answers Open with an error where no repository was made",
    because:
      "The user who mistypes a location is told nonsense about a damaged repository, in place of that there is none.",
    async check(harness) {
      const { client } = await harness.start();
      await requireRefused(client.open(), "Open where no repository was made");
    },
  },
];
