import { Document, isScalar, visit } from "yaml";
import { CONNECTOR_TYPES, type ConnectorType, type Project, type ProjectConnector } from "../project.js";

/** The only name that Plakar accepts for the file. */
export const MANIFEST_NAME = "manifest.yaml";

/** One connector of a {@link Manifest}. Paths are relative to the folder of the manifest, with slashes. */
export interface ManifestConnector {
  readonly type: ConnectorType;
  /** The class and the subclass of the resource, by which the control plane finds the connector. */
  readonly class?: string;
  readonly subclass?: string;
  /** Path of the JSON Schema of the configuration. */
  readonly validator?: string;
  /** The protocols of its locations: `["notes"]` for `notes://…`. */
  readonly protocols: readonly string[];
  /** `localfs` makes hosts pass absolute locations. Hosts read all other flags from the connector's answer to Init. */
  readonly locationFlags?: readonly string[];
  /** Path of the executable. */
  readonly executable: string;
  /** Arguments of the executable. */
  readonly args?: readonly string[];
  /** Paths of further files of the package. A folder cannot be packed. */
  readonly extraFiles?: readonly string[];
}

/** The content of `manifest.yaml`. */
export interface Manifest {
  /** Letters, digits and hyphens. */
  readonly name: string;
  readonly displayName?: string;
  readonly description?: string;
  /** For example `official` or `community`. */
  readonly tier?: string;
  readonly contact?: string;
  readonly homepage?: string;
  readonly license?: string;
  readonly tags?: readonly string[];
  readonly apiVersion?: string;
  /** Version with a `v`. Plakar 1.0 needs it; later hosts take the version of `plakar pkg create`. */
  readonly version?: string;
  readonly connectors: readonly ManifestConnector[];
}

/** The form of a key's value in the file. */
export type ValueKind = "text" | "texts" | "connectors";

/** A key of the file. */
interface ManifestKey<Property extends string> {
  readonly property: Property;
  readonly kind: ValueKind;
  /** True if Plakar cannot use a manifest without it. */
  readonly isRequired?: boolean;
}

type ManifestKeys<Type> = Readonly<Record<string, ManifestKey<keyof Type & string>>>;

/** The keys at the top of the file, in the order in which they are written. */
export const MANIFEST_KEYS = {
  name: { property: "name", kind: "text", isRequired: true },
  display_name: { property: "displayName", kind: "text" },
  description: { property: "description", kind: "text" },
  version: { property: "version", kind: "text" },
  api_version: { property: "apiVersion", kind: "text" },
  tier: { property: "tier", kind: "text" },
  contact: { property: "contact", kind: "text" },
  homepage: { property: "homepage", kind: "text" },
  license: { property: "license", kind: "text" },
  tags: { property: "tags", kind: "texts" },
  connectors: { property: "connectors", kind: "connectors", isRequired: true },
} as const satisfies ManifestKeys<Manifest>;

/** The keys of a connector, in the order in which they are written. */
export const CONNECTOR_KEYS = {
  type: { property: "type", kind: "text", isRequired: true },
  class: { property: "class", kind: "text" },
  subclass: { property: "subclass", kind: "text" },
  protocols: { property: "protocols", kind: "texts", isRequired: true },
  location_flags: { property: "locationFlags", kind: "texts" },
  validator: { property: "validator", kind: "text" },
  executable: { property: "executable", kind: "text", isRequired: true },
  args: { property: "args", kind: "texts" },
  extra_files: { property: "extraFiles", kind: "texts" },
} as const satisfies ManifestKeys<ManifestConnector>;

/** Returns true for a type of connector that Plakar or its control plane knows. */
export function isConnectorType(type: string): type is ConnectorType {
  return CONNECTOR_TYPES.some((known) => known === type);
}

/** The version of the interface between Plakar and its plugins that every released Plakar reads. */
const API_VERSION = "1.0.0";

/** Returns the manifest of a project with some connectors. */
export function manifestOf(project: Project, connectors: readonly ManifestConnector[]): Manifest {
  return {
    name: project.name,
    displayName: project.displayName,
    description: project.description,
    version: `v${project.version}`,
    apiVersion: API_VERSION,
    ...(project.contact !== undefined && { contact: project.contact }),
    ...(project.homepage !== undefined && { homepage: project.homepage }),
    license: project.license,
    tags: project.tags,
    connectors,
  };
}

/** Returns the connector of a project as the manifest lists it. */
export function manifestConnectorOf(
  { type, class: resourceClass, subclass, protocols, locationFlags }: ProjectConnector,
  files: Pick<ManifestConnector, "executable" | "validator" | "extraFiles">,
): ManifestConnector {
  return {
    type,
    ...(resourceClass !== undefined && { class: resourceClass }),
    ...(subclass !== undefined && { subclass }),
    protocols,
    locationFlags,
    ...files,
  };
}

/** The types of connectors whose configuration always has a location. */
const LOCATED_TYPES: readonly string[] = ["importer", "exporter", "storage"];

/** Returns true for a type of connector whose configuration always has a location. */
export function isLocated(type: string): boolean {
  return LOCATED_TYPES.includes(type);
}

/** Returns true if the schema of a location rejects some of them. */
export function restrictsLocation(location: Readonly<Record<string, unknown>>): boolean {
  return ["pattern", "const", "enum", "$ref"].some((key) => Object.hasOwn(location, key));
}

/**
 * Returns the schema for the `validator` of a connector: that of its options, where a location that the author does not
 * restrict must have one of the protocols.
 */
export function validatorOf(
  { type, protocols }: Pick<ProjectConnector, "type" | "protocols">,
  schema: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const properties = schema["properties"] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const location = properties["location"] ?? { type: "string" };
  if (!isLocated(type) || restrictsLocation(location)) return schema;
  const names = protocols.map((protocol) => protocol.replaceAll(/[.+]/g, String.raw`\$&`));
  const pattern = names.length === 1 ? `^${names.join()}://` : `^(?:${names.join("|")})://`;
  return { ...schema, properties: { ...properties, location: { ...location, pattern } } };
}

/**
 * Writes a manifest as YAML. The keys have a fixed order, and empty lists are left out: equal manifests have equal texts.
 */
export function manifestText(manifest: Manifest): string {
  const document = new Document({
    ...fieldsOf(MANIFEST_KEYS, manifest),
    connectors: manifest.connectors.map((connector) => fieldsOf(CONNECTOR_KEYS, connector)),
  });
  visit(document, {
    // Lists of texts on one line, as in the manifests of Plakar's own integrations.
    Seq(_, node) {
      if (node.items.every(isScalar)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function fieldsOf(keys: Readonly<Record<string, { property: string }>>, value: object): Record<string, unknown> {
  const values = new Map<string, unknown>(Object.entries(value));
  const fields = Object.entries(keys).map(([key, { property }]) => [key, values.get(property)] as const);
  return Object.fromEntries(
    fields.filter(([, field]) => field !== undefined && !(Array.isArray(field) && field.length === 0)),
  );
}
