import type { InventoryClient, ListedEntry } from "@kloset/host";
import { ENDPOINT_TYPES, isCountryCode, RESOURCE_CLASSES } from "@kloset/model";
import type { Harness } from "../../harness.js";
import { CONTROL_PLANE_HOSTS, NO_HOSTS, relyingHosts } from "../../levels.js";
import type { ConnectorRule } from "../../rule.js";
import { requires } from "../../violation.js";
import { answerWithin } from "../../waiting.js";

const generations = ["v1.1"] as const;
const CLASSES: Readonly<Record<string, readonly string[]>> = RESOURCE_CLASSES;

/** The rules for inventories. */
export const inventoryRules: readonly ConnectorRule<"inventory">[] = relyingHosts(CONTROL_PLANE_HOSTS, [
  {
    id: "inventory.list.complete",
    connector: "inventory",
    title: "lists to the end, with an entry in every message",
    because: "a host fails on a message without an entry, and shows nothing of a listing that fails",
    generations,
    check: async (harness) => {
      // The client rejects a message without an entry.
      await listed(harness);
    },
  },
  {
    id: "inventory.list.repeatable",
    connector: "inventory",
    title: "lists the same resources when it is asked again, and twice at once",
    because: "hosts refresh an inventory; resources that come and go look like lost ones",
    generations,
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { client } = await harness.start();
      const [first, second] = await Promise.all([urnsOf(client), urnsOf(client)]);
      const third = await urnsOf(client);
      for (const again of [second, third]) {
        requires(
          first.length === again.length && first.every((urn) => again.includes(urn)),
          () => `one listing has ${first.length} resources, another has ${again.length} or other ones`,
        );
      }
    },
  },
  {
    id: "inventory.list.cancelled",
    connector: "inventory",
    title: "lists everything after a cancelled listing",
    because: "a host cancels the call when its user does; the plugin must go on",
    generations,
    check: async (harness) => {
      const { client } = await harness.start();
      const entries = client.list()[Symbol.asyncIterator]();
      await entries.next();
      await entries.return?.();
      await answerWithin(urnsOf(client), harness.answerMs, "List after a cancelled one");
    },
  },
  {
    id: "inventory.entries.named",
    connector: "inventory",
    title: "gives every resource a URN of its own",
    because: "hosts recognize a resource by its URN: two with the same one become one",
    generations,
    check: async (harness) => {
      const seen = new Set<string>();
      for (const { urn, name } of await listed(harness)) {
        requires(urn !== "", () => `a resource has no URN; its name is ${JSON.stringify(name)}`);
        requires(!seen.has(urn), () => `two resources have the URN ${JSON.stringify(urn)}`);
        seen.add(urn);
      }
    },
  },
  {
    id: "inventory.entries.classes",
    connector: "inventory",
    title: "states a class for every resource",
    because: "hosts choose the connector for a resource by its class",
    generations,
    check: async (harness) => {
      for (const entry of await listed(harness)) requires(entry.class !== "", () => `${named(entry)} has no class`);
    },
  },
  {
    id: "inventory.entries.known-classes",
    connector: "inventory",
    title: "uses the classes and subclasses that hosts know",
    because: "hosts offer no connector for a resource of a class that they do not know",
    generations,
    hosts: NO_HOSTS,
    check: async (harness) => {
      for (const entry of await listed(harness)) {
        const { class: name, subclass } = entry;
        // Another rule checks that.
        if (name === "") continue;
        const known = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
        requires(known !== undefined, () => `the class ${JSON.stringify(name)} of ${named(entry)} is unknown`);
        requires(
          subclass === "" || known.includes(subclass),
          () => `the subclass ${JSON.stringify(subclass)} of ${named(entry)} is unknown`,
        );
      }
    },
  },
  {
    id: "inventory.entries.countries",
    connector: "inventory",
    title: "states countries as ISO 3166-1 alpha-2 codes",
    because: "hosts drop any other text, and the resource then has no country",
    generations,
    check: async (harness) => {
      for (const entry of await listed(harness)) {
        const { country } = entry;
        requires(
          country === "" || isCountryCode(country),
          () => `the country ${JSON.stringify(country)} of ${named(entry)} is no ISO 3166-1 alpha-2 code`,
        );
      }
    },
  },
  {
    id: "inventory.entries.endpoints",
    connector: "inventory",
    title: "states a known type and an address for every endpoint",
    because: "hosts can use neither an address of an unknown form nor an empty one",
    generations,
    check: async (harness) => {
      for (const entry of await listed(harness)) {
        for (const { type, endpoint } of entry.endpoints) {
          requires(
            (ENDPOINT_TYPES as readonly string[]).includes(type),
            () => `the endpoint type ${JSON.stringify(type)} of ${named(entry)} is unknown`,
          );
          requires(endpoint !== "", () => `an endpoint of ${named(entry)} is empty`);
        }
      }
    },
  },
]);

async function listed(harness: Harness<"inventory">): Promise<ListedEntry[]> {
  const { client } = await harness.start();
  const entries: ListedEntry[] = [];
  for await (const entry of client.list()) entries.push(entry);
  return entries;
}

async function urnsOf(client: InventoryClient): Promise<string[]> {
  const urns: string[] = [];
  for await (const { urn } of client.list()) urns.push(urn);
  return urns;
}

function named({ urn, name }: ListedEntry): string {
  return JSON.stringify(urn === "" ? name : urn);
}
