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

/** Larger than one chunk. */
const LARGE = 1_100_000;

/** Rules about several processes on one repository, one after another and at the same time. */
export const processRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.close.delete-follows",
    connector: "storage",
    title: "deletes a lock after Close",
    because: "hosts delete their lock after Close: a lock that remains locks the user out",
    async check(harness) {
      requireTwoProcesses(harness);
      const { client } = await newRepository(harness);
      const mac = macFor("lock");
      await client.put("lock", mac, contentFor("lock", 100));
      await client.close();
      await client.delete("lock", mac);
      const next = await sameRepository(harness);
      await requireRefused(read(next.client, "lock", mac), "Get of a lock deleted after Close");
    },
  },
  {
    id: "storage.reopen.config",
    connector: "storage",
    title: "returns the configuration to a process started later",
    because:
      "every command of a host starts its own process, which cannot read the repository without the configuration",
    async check(harness) {
      requireTwoProcesses(harness);
      const first = await harness.start();
      await first.client.create(CONFIG);
      // As hosts do, do not call Close after Create.
      await first.plugin.stop();
      const { client } = await harness.start();
      requireSameBytes(await client.open(), CONFIG, "the configuration, in a second process");
    },
  },
  {
    id: "storage.reopen.content",
    connector: "storage",
    title: "returns resources to a process started later",
    because: "once a Put is answered, the resource must be durable: the process may end at any time",
    async check(harness) {
      requireTwoProcesses(harness);
      const first = await newRepository(harness);
      for (const kind of KINDS) await first.client.put(kind, macFor(`kept ${kind}`), contentFor(`kept ${kind}`, LARGE));
      // Like a host that is killed after its last Put.
      await first.plugin.kill();
      const { client } = await sameRepository(harness);
      for (const kind of KINDS) {
        await requireListed(client, kind, macFor(`kept ${kind}`), "another process put");
        await requireContent(
          client,
          kind,
          macFor(`kept ${kind}`),
          contentFor(`kept ${kind}`, LARGE),
          `a ${kind} that another process put`,
        );
      }
    },
  },
  {
    id: "storage.processes.see-each-other",
    connector: "storage",
    title: "makes resources visible to another running process",
    because: "hosts run two storage processes on one repository at once, and other machines must see locks",
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
          await requireListed(reader, kind, mac, `the ${name} process put`);
          await requireContent(reader, kind, mac, content, `a ${kind} that the ${name} process put`);
        }
        const lock = macFor(`lock of the ${name}`);
        await writer.delete("lock", lock);
        await requireRefused(read(reader, "lock", lock), `Get of a lock that the ${name} process put and deleted`);
      }
    },
  },
  {
    id: "storage.processes.put-at-once",
    connector: "storage",
    title: "keeps all resources that two processes put at the same time",
    because: "two hosts may back up into one repository: neither must damage the resources of the other",
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
        `a state that two processes put at once has ${kept.length} bytes that match neither version`,
      );
    },
  },
];
