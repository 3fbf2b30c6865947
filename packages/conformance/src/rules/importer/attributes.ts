import { PluginError } from "@kloset/host";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { ADD_FILES, MAX_FILES, quote, scanAll } from "./collect.js";
import { tryRead } from "./reading.js";
import { startWire } from "./start.js";

/** The types that hosts know: 0 is an ordinary attribute, 1 an alternate data stream, 2 a custom attribute. */
const TYPES = [0, 1, 2];

/** Rules about extended attributes. */
export const attributes: readonly ConnectorRule<"importer">[] = [
  {
    id: "importer.attributes.none",
    connector: "importer",
    title: "sends no extended attributes to a v1.0 host",
    because:
      "v1.0 identifies a file and its attributes by the same pathname: the attribute would silently replace the file's content",
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
    title: "gives every extended attribute a name and a type that hosts know",
    because:
      "on the wire, 0 is an ordinary attribute, 1 an alternate data stream and 2 a custom one; hosts store any other type but cannot restore it",
    generations: ["v1.1"],
    check: async (harness) => {
      for (const { pathname, attribute, error } of await scanAll(await startWire(harness))) {
        if (attribute === undefined || error !== undefined) continue;
        requires(attribute.name !== "", () => `an extended attribute of ${quote(pathname)} has no name`);
        requires(
          TYPES.includes(attribute.type),
          () => `the attribute ${quote(attribute.name)} of ${quote(pathname)} has the unknown type ${attribute.type}`,
        );
      }
    },
  },
  {
    id: "importer.attributes.open",
    connector: "importer",
    title: "opens every extended attribute that it sends",
    because: "hosts open attributes in every backup, even those of unchanged files",
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
      if (opened === 0) harness.notApplicable("the source has no extended attributes", ADD_FILES);
    },
  },
];
