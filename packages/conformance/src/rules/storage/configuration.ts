import { requireSameBytes } from "../../bytes.js";
import type { ConnectorRule } from "../../rule.js";
import { requireRefused } from "./refusals.js";
import { MiB } from "./resources.js";

/** All byte values, and an end that text functions often strip. */
const BYTES = Uint8Array.from([...Array.from({ length: 256 }, (_, byte) => byte), 0x0d, 0x0a, 0x20, 0x00, 0x00]);

/** 1 MiB of lines, no two the same. */
const LARGE = new TextEncoder()
  .encode(Array.from({ length: MiB / 16 }, (_, line) => `line ${String(line).padStart(10, "0")}\n`).join(""))
  .subarray(0, MiB);

const because =
  "the configuration holds the parameters and keys of the repository: a changed byte makes all its backups unreadable";

/** Rules about Create and Open. */
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
    title: "answers Open with an error if no repository exists",
    because: "a user who mistypes a location would otherwise see an error about a damaged repository",
    async check(harness) {
      const { client } = await harness.start();
      await requireRefused(client.open(), "Open without a repository");
    },
  },
];
