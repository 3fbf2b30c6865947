import type { ConfigDeclaration, Configurable, ConfigOf } from "@kloset/config";
import type { Exporter, ExporterFactory } from "@kloset/exporter";
import type { Importer, ImporterFactory } from "@kloset/importer";
import type { Inventory, InventoryFactory } from "@kloset/inventory";
import { addSecrets, log, type Log } from "@kloset/log";
import type { Awaitable, ConnectorContext, InitContext } from "@kloset/model";
import type { SecretProvider, SecretProviderFactory } from "@kloset/secret-provider";
import type { Store, ResourceStore, StoreFactory } from "@kloset/storage";
import { connectorOf, type Connector } from "./connectors.js";
import { exporterKind } from "./kinds/exporter.js";
import { importerKind } from "./kinds/importer.js";
import { inventoryKind } from "./kinds/inventory.js";
import type { Kind, KindName } from "./kinds/kind.js";
import { secretProviderKind } from "./kinds/secret-provider.js";
import { storageKind } from "./kinds/storage.js";

/** The data with which `connect` creates a secret provider or an inventory. */
export interface InitConnectContext<Config> extends Omit<InitContext, "config"> {
  /** The parsed configuration: the values of the declared options. */
  readonly config: Config;
  /** The log of the plugin, which replaces secrets by `***`. */
  readonly log: Log;
}

/** The data with which `connect` creates an importer, an exporter or a storage. */
export interface ConnectContext<Config> extends InitConnectContext<Config>, Omit<ConnectorContext, keyof InitContext> {}

/**
 * A connector to define: its configuration, and a function that creates it.
 *
 * @typeParam Made - The connector: an `Importer`, `Exporter`, `Store`, `ResourceStore`, `SecretProvider` or `Inventory`.
 * @typeParam Declared - The configuration, inferred from `config`.
 * @typeParam Context - The argument of `connect`.
 */
export interface ConnectorDefinition<
  Made,
  Declared extends ConfigDeclaration,
  Context = ConnectContext<ConfigOf<Declared>>,
> extends Configurable<Declared> {
  /**
   * Creates the connector. Called when the host sends Init and its configuration is valid, and again if the host
   * retries a failed Init.
   */
  connect(context: Context): Awaitable<Made>;
}

/**
 * A defined connector, the default export of a plugin's module. Importing the module runs nothing: {@link run} serves it,
 * and tests and tools read it.
 *
 * @typeParam Factory - `ImporterFactory` or one of its siblings.
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
  return define<Importer, Declared, ConnectorContext, ImporterFactory>(importerKind, definition);
}

/** Defines an exporter. See {@link defineImporter}. */
export function defineExporter<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<Exporter, Declared>,
): Defined<ExporterFactory> {
  return define<Exporter, Declared, ConnectorContext, ExporterFactory>(exporterKind, definition);
}

/** Defines a storage. See {@link defineImporter}. */
export function defineStorage<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<Store | ResourceStore, Declared>,
): Defined<StoreFactory> {
  return define<Store | ResourceStore, Declared, ConnectorContext, StoreFactory>(storageKind, definition);
}

/**
 * Defines a secret provider. The secrets that it resolves are replaced by `***` in its log and its errors.
 *
 * @example
 * export default defineSecretProvider({
 *   config: { token: option.secret({ description: "Token of the vault" }) },
 *   connect: ({ config }) => ({
 *     resolve: (handle, { signal }) => vault.read(config.token, handle, signal),
 *     close: () => undefined,
 *   }),
 * });
 */
export function defineSecretProvider<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<SecretProvider, Declared, InitConnectContext<ConfigOf<Declared>>>,
): Defined<SecretProviderFactory> {
  return define<SecretProvider, Declared, InitContext, SecretProviderFactory>(secretProviderKind, definition);
}

/**
 * Defines an inventory.
 *
 * @example
 * export default defineInventory({
 *   config: { region: option.string({ description: "Region to list" }) },
 *   connect: ({ config }) => ({
 *     async *list({ signal }) {
 *       for await (const { arn, name } of databases(config.region, signal)) {
 *         yield { class: "database", subclass: "postgresql", urn: arn, name };
 *       }
 *     },
 *     close: () => undefined,
 *   }),
 * });
 */
export function defineInventory<const Declared extends ConfigDeclaration = NoOptions>(
  definition: ConnectorDefinition<Inventory, Declared, InitConnectContext<ConfigOf<Declared>>>,
): Defined<InventoryFactory> {
  return define<Inventory, Declared, InitContext, InventoryFactory>(inventoryKind, definition);
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
    "run() was called with a value that no define… function returned: pass the default export of the plugin's module",
  );
}

function define<Made, Declared extends ConfigDeclaration, Context extends InitContext, Factory>(
  kind: Kind<Factory & ((context: Context) => Awaitable<Made>)>,
  definition: ConnectorDefinition<Made, Declared, Connect<Context, ConfigOf<Declared>>>,
): Defined<Factory> {
  const factory = (async (context: Context) =>
    definition.connect(await connectContext(definition, context))) as Factory & ((context: Context) => Awaitable<Made>);
  const { config, secrets } = definition;
  const defined: Defined<Factory> = Object.freeze({ kind: kind.name, config, secrets, factory });
  connectors.set(defined, connectorOf(kind, factory));
  return defined;
}

/** The argument of `connect`, made from that of the factory. */
type Connect<Context extends InitContext, Config> = Omit<Context, "config"> & InitConnectContext<Config>;

/** Parses the host's configuration, and makes its secrets known before anything can print them. */
async function connectContext<Declared extends ConfigDeclaration, Context extends InitContext>(
  definition: Configurable<Declared>,
  { config: texts, ...context }: Context,
): Promise<Connect<Context, ConfigOf<Declared>>> {
  const { parseConfig, secretValues } = await import("@kloset/config/parse");
  addSecrets(secretValues(definition, texts));
  return { ...context, config: await parseConfig(definition, texts), log };
}
