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

/** Rules about atomic Puts: all of a resource or nothing, and the old content until the new one is complete. */
export const replacingRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.put.replaces",
    connector: "storage",
    title: "replaces a resource with the same MAC, whether it is longer or shorter",
    because: "hosts put their lock again every five minutes; other hosts remove a lock that is not refreshed",
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
    title: "neither lists nor returns a resource during its Put",
    because: "another process may list at the same time, and take half a state for a complete one",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`half ${kind}`);
        const half = await putHalf(client, kind, mac, contentFor("half", MiB));
        await requireUnlisted(client, kind, mac, "is still being put");
        await requireRefused(read(client, kind, mac), `Get of a ${kind} during its Put`);
        await half.finish();
      }
    },
  },
  {
    id: "storage.put.old-until-new",
    connector: "storage",
    title: "returns the old content until the new one is complete",
    because: "a lock that disappears while it is refreshed lets a second host in",
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
    because: "a mixture of two versions is damaged content",
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
      // A store may fail a Get whose content was replaced.
      if ("refusal" in (await answer(reading))) return;
      const received = Buffer.concat(chunks);
      requires(
        received.equals(old) || received.equals(fresh),
        `a state was read while it was replaced: its ${received.length} bytes are neither the old nor the new content`,
      );
    },
  },
  {
    id: "storage.put.cancelled",
    connector: "storage",
    title: "keeps nothing of a cancelled Put",
    because: "the host cancels when the source of the content fails: the partial content must not replace the old one",
    async check(harness) {
      const { client, plugin } = await newRepository(harness);
      const { fresh, existing, old } = await prepare(client);
      for (const mac of [fresh, existing]) {
        const half = await putHalf(client, "packfile", mac, contentFor("half", 1_500_000));
        await half.cancel();
      }
      // Once this is answered, the plugin has also seen the earlier resets.
      await client.put("packfile", macFor("fence"), contentFor("fence", 100_000));
      await requireNothingKept(client, fresh, existing, old, "cancelled");
      if (harness.subject.persistent === false) return;
      // By its end, the plugin has finished handling the cancelled Puts.
      await plugin.stop();
      await requireNothingKept((await sameRepository(harness)).client, fresh, existing, old, "cancelled");
    },
  },
  {
    id: "storage.put.host-gone",
    connector: "storage",
    title: "keeps nothing of a Put when its host disappears",
    because: "hosts get killed, and machines lose power: half a packfile under its final name goes unnoticed for years",
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
        "interrupted by the end of the host",
      );
    },
  },
];

interface Prepared {
  /** A MAC without a resource. */
  readonly fresh: Mac;
  /** The MAC of the old content. */
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
  await requireUnlisted(client, "packfile", fresh, `is incomplete because its Put was ${how}`);
  await requireRefused(read(client, "packfile", fresh), `Get of a packfile whose Put was ${how}`);
  await requireContent(
    client,
    "packfile",
    existing,
    old,
    `the old content of a packfile, after a second Put was ${how}`,
  );
}

/** Waits for the end of a process, until the check's time is over. */
async function ended(harness: Harness<"storage">, exited: Promise<unknown>): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    harness.signal.addEventListener("abort", () => {
      reject(harness.signal.reason as Error);
    });
  });
  await Promise.race([exited, aborted]);
}
