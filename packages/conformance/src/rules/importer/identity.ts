import { cleanPathname } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { quote } from "./collect.js";
import { startWire } from "./start.js";

/** Rules about the identity that an importer reports. */
export const identity: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.identity.root",
    connector: "importer",
    title: "reports a clean, absolute pathname as its root",
    because: 'a snapshot is a tree that starts at "/"; hosts look up the root in it, and browse from there',
    check: async (harness) => {
      const { root } = await (await startWire(harness)).identity();
      requires(root.startsWith("/"), () => `the root is not absolute: ${quote(root)}`);
      requires(cleanPathname(root) === root, () => `the root is not clean: ${quote(root)}`);
    },
  },
  {
    id: "importer.identity.steady",
    connector: "importer",
    title: "reports the same identity in every process, every time",
    because:
      "a backup starts several processes of one importer, and hosts reject one that differs; v1.0 asks six times",
    check: async (harness) => {
      const [first, second] = [await startWire(harness), await startWire(harness)];
      const answers = [await first.identity(), await first.identity(), await second.identity()].map((each) =>
        JSON.stringify(each),
      );
      const other = answers.find((answer) => answer !== answers[0]);
      requires(other === undefined, () => `the first answer was ${String(answers[0])}, a later one ${String(other)}`);
    },
  },
];
