import { PluginError } from "@kloset/host";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { MAX_FILES, quote, scanAll } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";

/** The numbers that hosts know: 0 is an ordinary one, 1 an alternate data stream. */
const TYPES = [0, 1];

/** Extended attributes. */
export const attributes: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.attributes.none",
    connector: "importer",
    title: "sends no extended attributes to a v1.0 host",
    because: "v1.0 names both by one pathname: an attribute is silently stored in place of its file's content",
    generations: ["v1.0"],
    check: async (harness) => {
      const found = (await scanAll(await startWire(harness))).find(({ attribute }) => attribute !== undefined);
      requires(
        found === undefined,
        () => `the attribute ${quote(found?.attribute?.name ?? "")} of ${quote(found?.pathname ?? "")} was sent`,
      );
    },
  },
  {
    id: "importer.attributes.names",
    connector: "importer",
    title: "names every extended attribute, with a type that hosts know",
    because:
      "on the wire an ordinary attribute is 0 and an alternate data stream is 1; hosts keep any other number as it is, and can not restore it",
    generations: ["v1.1"],
    check: async (harness) => {
      for (const { pathname, attribute, error } of await scanAll(await startWire(harness))) {
        if (attribute === undefined || error !== undefined) continue;
        requires(attribute.name !== "", () => `an extended attribute of ${quote(pathname)} has no name`);
        requires(
          TYPES.includes(attribute.type),
          () => `the attribute ${quote(attribute.name)} of ${quote(pathname)} has the type ${attribute.type}`,
        );
      }
    },
  },
  {
    id: "importer.attributes.open",
    connector: "importer",
    title: "opens every extended attribute that it sends",
    because: "hosts open attributes in every backup, also those of files that have not changed",
    generations: ["v1.1"],
    check: async (harness) => {
      const importer = await startWire(harness);
      let opened = 0;
      await scanAll(importer, async (record) => {
        if (record.attribute === undefined || record.error !== undefined || opened >= MAX_FILES) return;
        opened++;
        const value = await tryRead(importer, record);
        const { name } = record.attribute;
        if (value instanceof PluginError)
          throw new Violation(`the attribute ${quote(name)} of ${quote(record.pathname)}: ${value.message}`);
      });
      if (opened === 0) harness.notApplicable("the source has no extended attributes");
    },
  },
];
