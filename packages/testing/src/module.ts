import type {
  Defined,
  ExporterFactory,
  ImporterFactory,
  InventoryFactory,
  SecretProviderFactory,
  StoreFactory,
} from "@kloset/sdk";
import type { Connectors } from "@kloset/sdk/embedding";

/** The factory of each kind. */
interface Factories {
  readonly importer: ImporterFactory;
  readonly exporter: ExporterFactory;
  readonly storage: StoreFactory;
  readonly secret_provider: SecretProviderFactory;
  readonly inventory: InventoryFactory;
}

/** The kind of a connector, as in a manifest. */
export type ModuleKind = keyof Factories;

/**
 * A connector to test: the default export of a plugin's module, as `defineImporter` and its siblings return it, or the
 * factory that `runImporter` and its siblings take.
 */
export type ConnectorModule<Kind extends ModuleKind> = Defined<Factories[Kind]> | Factories[Kind];

/** The function of this package that tests each kind. */
const TESTERS: Readonly<Record<string, string>> = {
  importer: "testImporter",
  exporter: "testExporter",
  storage: "testStorage",
  secret_provider: "testSecretProvider",
  inventory: "testInventory",
};

/** Returns the name of a kind among the SDK's connectors. */
export function propertyOf(kind: ModuleKind): keyof Connectors {
  return kind === "secret_provider" ? "secretProvider" : kind;
}

/**
 * Returns the factory of a connector.
 *
 * @param caller - Names the function that was called, in errors.
 * @throws TypeError for anything else, such as a module without its default export, and for a connector of another kind.
 */
export function factoryOf<Kind extends ModuleKind>(
  module: ConnectorModule<Kind>,
  kind: Kind,
  caller: string,
): Factories[Kind] {
  if (typeof module === "function") return module;
  if (!isDefined(module)) throw wrongModule(module, kind, caller);
  if (module.kind === kind) return module.factory;
  const tester = TESTERS[module.kind];
  throw new TypeError(
    `${caller}(): expected ${article(kind)}, got ${article(module.kind)}${tester === undefined ? "" : `: use ${tester}()`}`,
  );
}

/** Tells a definition from everything else that JavaScript may pass, such as a whole module. */
export function isDefined(module: unknown): module is Defined {
  if (typeof module !== "object" || module === null) return false;
  return "kind" in module && "factory" in module && typeof module.factory === "function";
}

/** @returns The error for a value that is no connector. */
export function wrongModule(module: unknown, kind: ModuleKind | undefined, caller: string): TypeError {
  const defines = kind === undefined ? "a define… function" : DEFINES[kind];
  const hint =
    typeof module === "object" && module !== null && "default" in module
      ? "; pass the default export of the module"
      : "";
  return new TypeError(`${caller}(): expected what ${defines} returns, or a factory; got ${nameOf(module)}${hint}`);
}

const DEFINES = {
  importer: "defineImporter()",
  exporter: "defineExporter()",
  storage: "defineStorage()",
  secret_provider: "defineSecretProvider()",
  inventory: "defineInventory()",
} as const;

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function article(kind: string): string {
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}
