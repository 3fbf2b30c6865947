import type { ConnectorRule } from "../../rule.js";
import { newRepository, read, requireContent, requireUnlisted } from "./repository.js";
import { answerWithin } from "../../waiting.js";
import { answer, PATIENCE_MS, requireRefused } from "./refusals.js";
import { contentFor, KINDS, macFor } from "./resources.js";

const because = "hosts take an empty success for the content: a lost file is restored as an empty one";

/** Rules about missing and deleted resources. */
export const missingRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.get.missing",
    connector: "storage",
    title: "answers Get of a missing resource with an error that has a message",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) await requireRefused(read(client, kind, macFor("missing")), `Get of a missing ${kind}`);
    },
  },
  {
    id: "storage.range.missing",
    connector: "storage",
    title: "answers Get of a range of a missing packfile with an error that has a message",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const part = read(client, "packfile", macFor("missing"), { offset: 100, length: 17 });
      await requireRefused(part, "Get of a range of a missing packfile");
    },
  },
  {
    id: "storage.delete.gone",
    connector: "storage",
    title: "neither returns nor lists a deleted resource",
    because: "a lock that remains locks the user out, and packfiles that remain fill the disk",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`deleted ${kind}`);
        await client.put(kind, mac, contentFor("deleted", 100));
        await client.delete(kind, mac);
        await requireRefused(read(client, kind, mac), `Get of a deleted ${kind}`);
        await requireUnlisted(client, kind, mac, "was deleted");
      }
    },
  },
  {
    id: "storage.delete.others-stay",
    connector: "storage",
    title: "deletes only the requested resource",
    because: "maintenance deletes packfiles one by one, and backups still need the others",
    async check(harness) {
      const { client } = await newRepository(harness);
      const [deleted, other] = [macFor("deleted"), macFor("other")];
      const content = contentFor("others", 100);
      for (const kind of KINDS) for (const mac of [deleted, other]) await client.put(kind, mac, content);
      await client.delete("packfile", deleted);
      await requireContent(client, "packfile", other, content, "a packfile, after another one was deleted");
      for (const kind of ["state", "lock"] as const) {
        await requireContent(
          client,
          kind,
          deleted,
          content,
          `a ${kind}, after the packfile with the same MAC was deleted`,
        );
        await requireContent(client, kind, other, content, `a ${kind}, after a packfile was deleted`);
      }
    },
  },
  {
    id: "storage.delete.missing",
    connector: "storage",
    title: "answers Delete of a missing resource, and keeps working",
    because:
      "if two hosts clean up at once, one deletes what is already gone, and waits for the answer without a limit",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        // The answer may be an error or a success.
        await answerWithin(answer(client.delete(kind, macFor("missing"))), PATIENCE_MS, `Delete of a missing ${kind}`);
      }
      const mac = macFor("after");
      await client.put("lock", mac, contentFor("after", 10));
    },
  },
];
