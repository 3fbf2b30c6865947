import type { ResourceKind } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { newRepository, requireContent, requireListed } from "./repository.js";
import { answer } from "./refusals.js";
import { contentFor, macFor } from "./resources.js";

/** The kinds that ECC resources could be confused with. */
const PLAIN_KINDS = ["packfile", "state"] as const satisfies readonly ResourceKind[];
const ECC_KINDS = ["ecc-packfile", "ecc-state"] as const satisfies readonly ResourceKind[];

/** Rules about ECC resources, which no released host uses yet. */
export const eccRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.ecc.kept",
    connector: "storage",
    title: "keeps ECC packfiles and ECC states apart from all other resources, or rejects them with a message",
    because: "ECC resources repair damage: one that was accepted but not kept is missing when it is needed most",
    generations: ["v1.1"],
    async check(harness) {
      const { client } = await newRepository(harness);
      const mac = macFor("ecc");
      for (const kind of PLAIN_KINDS) await client.put(kind, mac, contentFor(kind, 1000));
      const kept: ResourceKind[] = [...PLAIN_KINDS];
      const refusals: string[] = [];
      for (const kind of ECC_KINDS) {
        const outcome = await answer(client.put(kind, mac, contentFor(kind, 1000)));
        if (!("refusal" in outcome)) {
          kept.push(kind);
          continue;
        }
        const { message } = outcome.refusal;
        requires(message.trim() !== "", `the error for a Put of an ${kind} has no message`);
        refusals.push(message);
      }
      // Even a rejected Put must not overwrite another resource.
      for (const kind of kept) {
        await requireContent(client, kind, mac, contentFor(kind, 1000), `the ${kind} whose MAC is shared by all kinds`);
        await requireListed(client, kind, mac, "was put");
      }
      if (refusals.length === ECC_KINDS.length)
        harness.notApplicable(`this store keeps no ECC resources: ${refusals.join("; ")}`);
    },
  },
];
