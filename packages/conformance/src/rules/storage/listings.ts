import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { listed, newRepository } from "./repository.js";
import { contentFor, KINDS, macFor, type HostKind } from "./resources.js";

const COUNTS: Readonly<Record<HostKind, number>> = { packfile: 120, state: 3, lock: 2 };
/** How many are put at once. */
const WORKERS = 8;

/** What is listed. */
export const listingRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.list.empty",
    connector: "storage",
    title: "lists nothing in a new repository",
    because: "Hosts read every state that is listed, and wait for every lock.",
    async check(harness) {
      const { client } = await newRepository(harness);
      for (const kind of KINDS) {
        const macs = await listed(client, kind);
        requires(
          macs.length === 0,
          () => `a new repository lists ${macs.length} ${kind}s: ${macs.slice(0, 3).join(", ")}`,
        );
      }
    },
  },
  {
    id: "storage.list.exact",
    connector: "storage",
    title: "lists exactly what was put, each once, by MACs of 32 bytes",
    because:
      "A state that is not listed is a snapshot that is lost; maintenance deletes packfiles that no listed state names.",
    async check(harness) {
      const { client } = await newRepository(harness);
      const expected = Object.fromEntries(KINDS.map((kind) => [kind, names(kind)])) as Record<HostKind, string[]>;
      for (const kind of KINDS) {
        const left = [...expected[kind]];
        const work = async (): Promise<void> => {
          for (let name = left.shift(); name !== undefined; name = left.shift()) {
            await client.put(kind, macFor(name), contentFor(name, 20));
          }
        };
        await Promise.all(Array.from({ length: WORKERS }, work));
      }
      for (const kind of KINDS) requireSame(kind, await listed(client, kind), expected[kind]);
    },
  },
];

function names(kind: HostKind): string[] {
  return Array.from({ length: COUNTS[kind] }, (_, index) => `${kind} ${index}`);
}

function requireSame(kind: HostKind, macs: readonly string[], expected: readonly string[]): void {
  const unseen = new Map(expected.map((name) => [macFor(name).hex, name]));
  for (const mac of macs) {
    requires(unseen.delete(mac), `a ${kind} is listed that was not put, or twice: ${mac}`);
  }
  const [missing] = unseen.keys();
  requires(
    missing === undefined,
    `${unseen.size} of ${expected.length} ${kind}s are not listed, among them ${String(missing)}`,
  );
}
