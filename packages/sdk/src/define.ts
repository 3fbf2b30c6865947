import type { ConfigDeclaration, Configurable, ConfigOf } from "@kloset/config";
import type { Exporter, ExporterFactory } from "@kloset/exporter";
import type { Importer, ImporterFactory } from "@kloset/importer";
import { addSecrets, log, type Log } from "@kloset/log";
import type { Awaitable, ConnectorContext } from "@kloset/model";
import type { Store, ResourceStore, StoreFactory } from "@kloset/storage";
import { connectorOf, type Connector } from "./connectors.js";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import type { Kind, KindName } from "./kinds/kind.js";
import { storageKind } from "./kinds/storage.js";

/** The data with which `connect` creates a connector. */
export interface ConnectContext<Config> extends Omit<ConnectorContext, "config"> {
  /** The parsed configuration: the values of the declared options. */
  readonly config: Config;
  /** The log of the plugin, which replaces secrets by `***`. */
  readonly log: Log;
}

/**
 * A connector to define: its configuration, and a function that creates it.
 *
 * @typeParam Made - The connector: an `Importer`, `Exporter`, `Store` or `ResourceStore`.
 * @typeParam Declared - The configuration, inferred from `config`.
 */
export interface ConnectorDefinition<Made, Declared extends ConfigDeclaration> extends Configurable<Declared> {
  /**
   * Creates the connector. Called when the host sends Init and its configuration is valid, and again if the host
   * retries a failed Init.
   */
  connect(context: ConnectContext<ConfigOf<Declared>>): Awaitable<Made>;
}

/**
 * A defined connector, the default export of a plugin's module. Importing the module runs nothing: {@link run} serves it,
 * and tests and tools read it.
 *
 * @typeParam Factory - `ImporterFactory`, `ExporterFactory` or `StoreFactory`.
 */
export interface Defined<Factory = unknown> extends Configurable {
  /** The kind of the connector. */
  readonly kind: KindName;
  /** Creates the connector from the strings of the host, like the argument of `runImporter` and its siblings. */
  readonly factory: Factory;
}

/** The configuration of a connector that declares none. Without an index signature, so that no key compiles. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- means: no property is known
export type NoOptions = Record<never, never>;

/** The connector of a definition. Hidden, because it is internal; set here, so that a bundle has only its kind. */
const connectors = new WeakMap<Defined, Connector>();

/**
 * Defines an importer.
 *
 * @example
 * export default defineImporter({
 *   config: { token: option.secret({ description: "API token" }) },
 *   connect: ({ config, location }) => new NotesImporter(location, config.token),
 * });
 */
export function defineImporter<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<Importer, Declared>,
): Defined<ImporterFactory> {
  return define<Importer, Declared, ImporterFactory>(importerKind, definition);
}

/** Defines an exporter. See {@link defineImporter}. */
export function defineExporter<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<Exporter, Declared>,
): Defined<ExporterFactory> {
  return define<Exporter, Declared, ExporterFactory>(exporterKind, definition);
}

/** Defines a storage. See {@link defineImporter}. */
export function defineStorage<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<Store | ResourceStore, Declared>,
): Defined<StoreFactory> {
  return define<Store | ResourceStore, Declared, StoreFactory>(storageKind, definition);
}

/**
 * Returns the connector of a definition.
 *
 * @throws TypeError for a value that no `define…` function has returned.
 */
export function definedConnector(defined: Defined): Connector {
  const connector = typeof defined === "object" ? connectors.get(defined) : undefined;
  if (connector !== undefined) return connector;
  throw new TypeError(
    "run() was called with a value that defineImporter, defineExporter or defineStorage did not return: pass the default export of the plugin's module",
  );
}

function define<Made, Declared extends ConfigDeclaration, Factory>(
  kind: Kind<Factory & ((context: ConnectorContext) => Awaitable<Made>)>,
  definition: ConnectorDefinition<Made, Declared>,
): Defined<Factory> {
  const factory = (async (context: ConnectorContext) =>
    definition.connect(await connectContext(definition, context))) as Factory &
    ((context: ConnectorContext) => Awaitable<Made>);
  const { config, secrets } = definition;
  const defined: Defined<Factory> = Object.freeze({ kind: kind.name, config, secrets, factory });
  connectors.set(defined, connectorOf(kind, factory));
  return defined;
}

/** Parses the host's configuration, and makes its secrets known before anything can print them. */
async function connectContext<Declared extends ConfigDeclaration>(
  definition: Configurable<Declared>,
  { config: texts, ...context }: ConnectorContext,
): Promise<ConnectContext<ConfigOf<Declared>>> {
  const { parseConfig, secretValues } = await import("@kloset/config/parse");
  addSecrets(secretValues(definition, texts));
  return { ...context, config: await parseConfig(definition, texts), log };
}
