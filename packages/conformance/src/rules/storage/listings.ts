import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { listed, newRepository } from "./repository.js";
import { contentFor, KINDS, macFor, type HostKind } from "./resources.js";

const COUNTS: Readonly<Record<HostKind, number>> = { packfile: 120, state: 3, lock: 2 };
/** The number of resources put at once. */
const WORKERS = 8;

/** Rules about List. */
export const listingRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.list.empty",
    connector: "storage",
    title: "lists nothing in a new repository",
    because: "hosts read every listed state, and wait for every listed lock",
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
    title: "lists every resource that was put exactly once, with a MAC of 32 bytes, and nothing else",
    because:
      "a state that is not listed is a lost snapshot, and maintenance deletes packfiles that no listed state refers to",
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
    requires(unseen.delete(mac), `List reports a ${kind} that was not put, or reports it twice: ${mac}`);
  }
  const [missing] = unseen.keys();
  requires(
    missing === undefined,
    `${unseen.size} of ${expected.length} ${kind}s are not listed, for example ${String(missing)}`,
  );
}
