import { NO_HOSTS, relyingHosts } from "../../levels.js";
import type { ConnectorRule } from "../../rule.js";
import { acknowledgements } from "./acknowledgements.js";
import { attributes } from "./attributes.js";
import { content } from "./content.js";
import { identity } from "./identity.js";
import { knownAttribute } from "./known-attribute.js";
import { known } from "./known.js";
import { readers } from "./readers.js";
import { records } from "./records.js";
import { requests } from "./requests.js";
import { scanning } from "./scanning.js";
import { source } from "./source.js";
import { tree } from "./tree.js";

/** The rules for importers: the behavior that hosts rely on. */
export const importerRules: readonly ConnectorRule<"importer">[] = [
  ...identity,
  ...tree,
  ...records,
  ...attributes,
  ...scanning,
  ...acknowledgements,
  ...content,
  ...readers,
  ...relyingHosts(NO_HOSTS, requests),
  ...source,
  ...known,
  ...knownAttribute,
];
