import { cleanPathname } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { quote } from "./collect.js";
import { startWire } from "./start.js";

/** What an importer says of itself. */
export const identity: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.identity.root",
    connector: "importer",
    title: "has a root that is a clean, absolute pathname",
    because: 'the snapshot is a tree that starts at "/"; hosts look for the root in it, and browse from there',
    check: async (harness) => {
      const { root } = await (await startWire(harness)).identity();
      requires(root.startsWith("/"), () => `the root is not absolute: ${quote(root)}`);
      requires(cleanPathname(root) === root, () => `the root is not clean: ${quote(root)}`);
    },
  },
  {
    id: "importer.identity.steady",
    connector: "importer",
    title: "says the same of itself in every process, and every time",
    because:
      "a backup starts several processes of one importer, and hosts refuse those that differ; v1.0 asks six times",
    check: async (harness) => {
      const [first, second] = [await startWire(harness), await startWire(harness)];
      const answers = [await first.identity(), await first.identity(), await second.identity()].map((each) =>
        JSON.stringify(each),
      );
      const other = answers.find((answer) => answer !== answers[0]);
      requires(other === undefined, () => `first it was ${String(answers[0])}, then ${String(other)}`);
    },
  },
];
