import type { StorageClient } from "@kloset/host";
import type { Mac } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import type { Harness } from "../../harness.js";
import { putHalf } from "./half-put.js";
import {
  newRepository,
  read,
  requireContent,
  requireTwoProcesses,
  requireUnlisted,
  sameRepository,
} from "./repository.js";
import { answer, requireRefused } from "./refusals.js";
import { contentFor, KINDS, macFor, MiB, BEYOND_WINDOW } from "./resources.js";

/** Whole or not at all, and the old until the new is whole. */
export const replacingRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.put.replaces",
    connector: "storage",
    title: "replaces what has the same MAC, be it longer or shorter",
    because:
      "Hosts put their lock again every five minutes; one that stays old is taken for a dead host's, and broken.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`replaced ${kind}`);
        for (const length of [70_000, 1000, 90_000]) {
          const content = contentFor(`version of ${length}`, length);
          await client.put(kind, mac, content);
          await requireContent(client, kind, mac, content, `a ${kind} that was put again with ${length} bytes`);
        }
      }
    },
  },
  {
    id: "storage.put.unseen-until-whole",
    connector: "storage",
    title: "neither lists nor gives what is still being put",
    because: "Another process lists at the same time: it would take half a state for a whole one.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`half ${kind}`);
        const half = await putHalf(client, kind, mac, contentFor("half", MiB));
        await requireUnlisted(client, kind, mac, "is still being put");
        await requireRefused(read(client, kind, mac), `Get of a ${kind} that is still being put`);
        await half.finish();
      }
    },
  },
  {
    id: "storage.put.old-until-new",
    connector: "storage",
    title: "gives the old content until the new one is whole",
    because: "A lock that is away while it is refreshed lets a second host in.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`refreshed ${kind}`);
        const old = contentFor("old", 100_000);
        await client.put(kind, mac, old);
        const half = await putHalf(client, kind, mac, contentFor("new", 500_000));
        await requireContent(client, kind, mac, old, `a ${kind} that is being replaced`);
        await half.finish();
      }
    },
  },
  {
    id: "storage.get.while-replaced",
    connector: "storage",
    title: "never mixes old and new content in one Get",
    because: "Bytes of two versions are a version that never was.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("torn");
      const [old, fresh] = [contentFor("old", BEYOND_WINDOW), contentFor("new", BEYOND_WINDOW)];
      await client.put("state", mac, old);
      const chunks: Uint8Array[] = [];
      let replaced = false;
      const reading = (async () => {
        for await (const chunk of client.get("state", mac)) {
          chunks.push(chunk);
          if (!replaced) await client.put("state", mac, fresh);
          replaced = true;
        }
      })();
      // A store may well fail a reader whose content is gone.
      if ("refusal" in (await answer(reading))) return;
      const came = Buffer.concat(chunks);
      requires(
        came.equals(old) || came.equals(fresh),
        `a state was read while it was replaced: the ${came.length} bytes are neither the old ones nor the new ones`,
      );
    },
  },
  {
    id: "storage.put.cancelled",
    connector: "storage",
    title: "keeps nothing of a Put that the host cancels",
    because:
      "The content broke off at its source: what came so far is not the resource, and must not take the place of the old one.",
    async check(harness) {
      const { client, plugin } = await newRepository(harness);
      const { fresh, existing, old } = await prepare(client);
      for (const mac of [fresh, existing]) {
        const half = await putHalf(client, "packfile", mac, contentFor("half", 1_500_000));
        await half.cancel();
      }
      // By its answer the plugin has seen the resets, which came before.
      await client.put("packfile", macFor("fence"), contentFor("fence", 100_000));
      await requireNothingKept(client, fresh, existing, old, "cancelled");
      if (harness.subject.persistent === false) return;
      // What it does about them it has done by its end.
      await plugin.stop();
      await requireNothingKept((await sameRepository(harness)).client, fresh, existing, old, "cancelled");
    },
  },
  {
    id: "storage.put.host-gone",
    connector: "storage",
    title: "keeps nothing of a Put whose host has gone",
    because:
      "Hosts are killed, and machines are switched off: half a packfile under its full name is found years later.",
    async check(harness) {
      requireTwoProcesses(harness);
      const { client, connection, plugin } = await newRepository(harness);
      const { fresh, existing, old } = await prepare(client);
      for (const mac of [fresh, existing]) await putHalf(client, "packfile", mac, contentFor("half", 1_500_000));
      connection.close();
      await ended(harness, plugin.exited);
      await requireNothingKept(
        (await sameRepository(harness)).client,
        fresh,
        existing,
        old,
        "cut off with the host's end",
      );
    },
  },
];

interface Prepared {
  /** Names nothing so far. */
  readonly fresh: Mac;
  /** Names the old content. */
  readonly existing: Mac;
  readonly old: Uint8Array;
}

async function prepare(client: StorageClient): Promise<Prepared> {
  const existing = macFor("existing");
  const old = contentFor("existing", 50_000);
  await client.put("packfile", existing, old);
  return { fresh: macFor("fresh"), existing, old };
}

async function requireNothingKept(
  client: StorageClient,
  fresh: Mac,
  existing: Mac,
  old: Uint8Array,
  how: string,
): Promise<void> {
  await requireUnlisted(client, "packfile", fresh, `has come by half: its Put was ${how}`);
  await requireRefused(read(client, "packfile", fresh), `Get of a packfile whose Put was ${how}`);
  await requireContent(
    client,
    "packfile",
    existing,
    old,
    `the old content of a packfile, after a second Put was ${how}`,
  );
}

/** Waits for the end of a process; the harness ends it when that takes too long. */
async function ended(harness: Harness<"storage">, exited: Promise<unknown>): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    harness.signal.addEventListener("abort", () => {
      reject(harness.signal.reason as Error);
    });
  });
  await Promise.race([exited, aborted]);
}
