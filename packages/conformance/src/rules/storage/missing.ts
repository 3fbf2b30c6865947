import type { ConnectorRule } from "../../rule.js";
import { newRepository, read, requireContent, requireUnlisted } from "./repository.js";
import { answerWithin } from "../../waiting.js";
import { answer, PATIENCE_MS, requireRefused } from "./refusals.js";
import { contentFor, KINDS, macFor } from "./resources.js";

const because =
  "An empty success in place of an error is taken for the content: a lost file is restored as an empty one.";

/** What is not there. */
export const missingRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.get.missing",
    connector: "storage",
    title: "answers the Get of what is not there with an error that has a text",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS)
        await requireRefused(read(client, kind, macFor("missing")), `Get of a ${kind} that is not there`);
    },
  },
  {
    id: "storage.range.missing",
    connector: "storage",
    title: "answers a part of a packfile that is not there with an error that has a text",
    because,
    async check(harness) {
      const { client } = await newRepository(harness);
      const part = read(client, "packfile", macFor("missing"), { offset: 100, length: 17 });
      await requireRefused(part, "Get of a part of a packfile that is not there");
    },
  },
  {
    id: "storage.delete.gone",
    connector: "storage",
    title: "has no more what was deleted, neither in Get nor in listings",
    because: "A lock that stays locks the user out; packfiles that stay fill the disk.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const mac = macFor(`deleted ${kind}`);
        await client.put(kind, mac, contentFor("deleted", 100));
        await client.delete(kind, mac);
        await requireRefused(read(client, kind, mac), `Get of a ${kind} that was deleted`);
        await requireUnlisted(client, kind, mac, "was deleted");
      }
    },
  },
  {
    id: "storage.delete.others-stay",
    connector: "storage",
    title: "deletes nothing but what it is told to",
    because: "Maintenance deletes packfiles one by one: with another one goes what backups still need.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const [gone, stays] = [macFor("goes"), macFor("stays")];
      const content = contentFor("others", 100);
      for (const kind of KINDS) for (const mac of [gone, stays]) await client.put(kind, mac, content);
      await client.delete("packfile", gone);
      await requireContent(client, "packfile", stays, content, "a packfile, after another one was deleted");
      for (const kind of ["state", "lock"] as const) {
        await requireContent(client, kind, gone, content, `a ${kind}, after the packfile of its MAC was deleted`);
        await requireContent(client, kind, stays, content, `a ${kind}, after a packfile was deleted`);
      }
    },
  },
  {
    id: "storage.delete.missing",
    connector: "storage",
    title: "answers the Delete of what is not there, and goes on",
    because:
      "Two hosts clean up at the same time: the slower one deletes what is gone. Hosts wait for an answer for ever.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        // An error says it as well as a success.
        await answerWithin(
          answer(client.delete(kind, macFor("missing"))),
          PATIENCE_MS,
          `Delete of a ${kind} that is not there`,
        );
      }
      const mac = macFor("after");
      await client.put("lock", mac, contentFor("after", 10));
    },
  },
];
