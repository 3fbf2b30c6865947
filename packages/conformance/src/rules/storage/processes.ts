import { requireSameBytes } from "../../bytes.js";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import {
  CONFIG,
  newRepository,
  read,
  requireContent,
  requireListed,
  requireTwoProcesses,
  sameRepository,
} from "./repository.js";
import { requireRefused } from "./refusals.js";
import { contentFor, interleaved, KINDS, macFor } from "./resources.js";

/** More than one chunk. */
const LARGE = 1_100_000;

/** More than one process on a repository, one after the other and AT once. */
export const processRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.close.delete-follows",
    connector: "storage",
    title: "deletes a lock when it is told so after Close",
    because: "Hosts release their lock after they have sent Close: a lock that stays locks the user out.",
    async check(harness) {
      requireTwoProcesses(harness);
      const { client } = await newRepository(harness);
      const mac = macFor("lock");
      await client.put("lock", mac, contentFor("lock", 100));
      await client.close();
      await client.delete("lock", mac);
      const next = await sameRepository(harness);
      await requireRefused(read(next.client, "lock", mac), "Get of a lock that was deleted after Close");
    },
  },
  {
    id: "storage.reopen.config",
    connector: "storage",
    title: "gives the configuration to a process that is started later",
    because: "Every command of a host is a process of its own: without the configuration none can read the repository.",
    async check(harness) {
      requireTwoProcesses(harness);
      const first = await harness.start();
      await first.client.create(CONFIG);
      // Create ends without Close, as hosts have it.
      await first.plugin.stop();
      const { client } = await harness.start();
      requireSameBytes(await client.open(), CONFIG, "the configuration, in a second process");
    },
  },
  {
    id: "storage.reopen.content",
    connector: "storage",
    title: "gives what was put to a process that is started later",
    because: "A Put that was answered is a promise: the backup is over, and its process has gone.",
    async check(harness) {
      requireTwoProcesses(harness);
      const first = await newRepository(harness);
      for (const kind of KINDS) await first.client.put(kind, macFor(`kept ${kind}`), contentFor(`kept ${kind}`, LARGE));
      // As a host that is killed after its last Put.
      await first.plugin.kill();
      const { client } = await sameRepository(harness);
      for (const kind of KINDS) {
        await requireListed(client, kind, macFor(`kept ${kind}`), "another process has put");
        await requireContent(
          client,
          kind,
          macFor(`kept ${kind}`),
          contentFor(`kept ${kind}`, LARGE),
          `a ${kind} that another process has put`,
        );
      }
    },
  },
  {
    id: "storage.processes.see-each-other",
    connector: "storage",
    title: "shows what was put to a process that runs beside it",
    because: "Hosts run two storage processes on one repository at once, and locks are for other machines to see.",
    async check(harness) {
      requireTwoProcesses(harness);
      const first = (await newRepository(harness)).client;
      const second = (await sameRepository(harness)).client;
      for (const [writer, reader, name] of [
        [first, second, "first"],
        [second, first, "second"],
      ] as const) {
        for (const kind of KINDS) {
          const mac = macFor(`${kind} of the ${name}`);
          const content = contentFor(`${kind} of the ${name}`, 1000);
          await writer.put(kind, mac, content);
          await requireListed(reader, kind, mac, `the ${name} process has put`);
          await requireContent(reader, kind, mac, content, `a ${kind} that the ${name} process has put`);
        }
        const lock = macFor(`lock of the ${name}`);
        await writer.delete("lock", lock);
        await requireRefused(read(reader, "lock", lock), `Get of a lock that the ${name} process has put and deleted`);
      }
    },
  },
  {
    id: "storage.processes.put-at-once",
    connector: "storage",
    title: "keeps what two processes put at the same time",
    because: "Two hosts back up into one repository: what one of them stores must not cost the other's.",
    async check(harness) {
      requireTwoProcesses(harness);
      const clients = [(await newRepository(harness)).client, (await sameRepository(harness)).client];
      const puts = clients.flatMap((client, at) =>
        KINDS.map((kind) => {
          const name = `${kind} of process ${at}`;
          return { client, kind, mac: macFor(name), content: contentFor(name, 150_000) };
        }),
      );
      const contended = macFor("contended");
      const versions = clients.map((client, at) => ({
        client,
        content: contentFor(`version ${at}`, 150_000 + at),
      }));
      await Promise.all([
        ...puts.map(({ client, kind, mac, content }) => client.put(kind, mac, interleaved(content, 10_000))),
        ...versions.map(({ client, content }) => client.put("state", contended, interleaved(content, 10_000))),
      ]);
      const { client } = await sameRepository(harness);
      for (const { kind, mac, content } of puts) {
        await requireContent(client, kind, mac, content, `a ${kind} that was put while another process put others`);
      }
      const kept = Buffer.from(await read(client, "state", contended));
      requires(
        versions.some(({ content }) => kept.equals(content)),
        `a state that two processes put at once has ${kept.length} bytes that are neither's`,
      );
    },
  },
];
