import type { ServiceImpl } from "@connectrpc/connect";
import { inventoryService, newInventorySession, type Inventory, type InventoryEntry } from "@kloset/inventory";
import { inventory, secretProvider } from "@kloset/protocol/v1.1";
import { newSecretProviderSession, secretProviderService, type SecretProvider } from "@kloset/secret-provider";
import type { Launch } from "../launch.js";
import { launchInProcess, served } from "./in-process.js";

/** The handle of the only secret of a provider. */
export const HANDLE = "database/password";
const SECRET = "correct horse battery staple";

const ENTRIES: readonly InventoryEntry[] = [
  { class: "database", subclass: "redis", urn: "urn:a", endpoints: [{ type: "inet4", endpoint: "192.0.2.1" }] },
  { class: "compute", urn: "urn:b", country: "FR" },
];

/** A secret provider that breaks exactly one rule. */
export interface SecretProviderBreakage {
  /** The id of the rule. */
  readonly rule: string;
  readonly provider?: (sound: SecretProvider) => Partial<SecretProvider>;
  readonly wire?: (
    sound: ServiceImpl<typeof secretProvider.SecretProvider>,
  ) => Partial<ServiceImpl<typeof secretProvider.SecretProvider>>;
  /** The mistake shows in the log. */
  readonly log?: () => string;
  /** Set if the plugin never answers. */
  readonly hangs?: true;
}

/** An inventory that breaks exactly one rule. */
export interface InventoryBreakage {
  /** The id of the rule. */
  readonly rule: string;
  /** Changes the entries that are sent. */
  readonly entries?: (sound: inventory.InventoryEntry[]) => object[];
  readonly inventory?: (sound: Inventory) => Partial<Inventory>;
  /** Set if the plugin never answers. */
  readonly hangs?: true;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** Secret providers that are correct except for one mistake. */
export const secretProviderBreakages: readonly SecretProviderBreakage[] = [
  {
    rule: "secret_provider.resolve.known",
    provider: () => ({
      resolve: (handle) => {
        if (handle === HANDLE) throw new Error("the vault is sealed");
        return undefined;
      },
    }),
  },
  {
    rule: "secret_provider.resolve.at-once",
    provider: (sound: SecretProvider): Partial<SecretProvider> => {
      let running = 0;
      return {
        resolve: async (handle, context) => {
          if (++running > 4) throw new Error("too many requests");
          await new Promise((resolve) => setImmediate(resolve));
          running--;
          return sound.resolve(handle, context);
        },
      };
    },
  },
  {
    rule: "secret_provider.resolve.missing",
    wire: (sound) => ({
      resolve: (request, context) =>
        request.handle.startsWith("no-such-secret") ? { secret: "" } : sound.resolve(request, context),
    }),
  },
  {
    rule: "secret_provider.resolve.not-found",
    provider: (sound) => ({
      resolve: async (handle, context) => {
        const secret = await sound.resolve(handle, context);
        if (secret === undefined) throw new Error(`${handle.slice(0, 100)} is not there`);
        return secret;
      },
    }),
  },
  {
    rule: "secret_provider.resolve.goes-on",
    provider: (sound: SecretProvider): Partial<SecretProvider> => {
      let failed = false;
      return {
        resolve: (handle, context) => {
          if (handle !== HANDLE) failed = true;
          return handle === HANDLE && failed ? "" : sound.resolve(handle, context);
        },
      };
    },
  },
  {
    rule: "secret_provider.resolve.odd-handles",
    hangs: true,
    provider: (sound) => ({
      resolve: (handle, context) => (handle.includes("\0") ? never() : sound.resolve(handle, context)),
    }),
  },
  {
    rule: "secret_provider.resolve.cancelled",
    hangs: true,
    provider: (sound: SecretProvider): Partial<SecretProvider> => {
      let calls = 0;
      return { resolve: (handle, context) => (++calls > 1 ? never() : sound.resolve(handle, context)) };
    },
  },
  { rule: "secret_provider.resolve.silent", log: () => `resolved ${HANDLE} to ${SECRET}\n` },
];

/** Inventories that are correct except for one mistake. */
export const inventoryBreakages: readonly InventoryBreakage[] = [
  { rule: "inventory.list.complete", entries: (sound) => sound },
  {
    rule: "inventory.list.repeatable",
    inventory: (): Partial<Inventory> => {
      let lists = 0;
      return { list: () => ENTRIES.slice(0, 1 + (lists++ % 2)) };
    },
  },
  {
    rule: "inventory.list.cancelled",
    hangs: true,
    inventory: (): Partial<Inventory> => {
      let lists = 0;
      return {
        list: async () => (++lists > 1 ? never() : ENTRIES),
      };
    },
  },
  { rule: "inventory.entries.named", entries: change({ urn: "urn:b" }) },
  { rule: "inventory.entries.named", entries: change({ urn: "" }) },
  { rule: "inventory.entries.classes", entries: change({ class: "", subclass: "" }) },
  { rule: "inventory.entries.known-classes", entries: change({ class: "databases" }) },
  { rule: "inventory.entries.known-classes", entries: change({ subclass: "oracle" }) },
  { rule: "inventory.entries.countries", entries: change({ country: "UK" }) },
  { rule: "inventory.entries.endpoints", entries: change({ endpoints: [{ type: "ipv4", endpoint: "192.0.2.1" }] }) },
  { rule: "inventory.entries.endpoints", entries: change({ endpoints: [{ type: "host", endpoint: "" }] }) },
];

/** Changes the first entry. */
function change(fields: object): (sound: inventory.InventoryEntry[]) => object[] {
  return (sound) => sound.map((entry, index) => (index === 0 ? { ...entry, ...fields } : entry));
}

/** Serves a secret provider that is sound except for a mistake. */
export function launchSecretProvider({ provider, wire, log }: Partial<SecretProviderBreakage> = {}): Launch {
  const launch = launchInProcess(() => {
    const session = newSecretProviderSession();
    const sound: SecretProvider = {
      resolve: (handle) => (handle === HANDLE ? SECRET : undefined),
      close: () => undefined,
    };
    const service = secretProviderService(() => ({ ...sound, ...provider?.(sound) }), session);
    return {
      services: () => [served(secretProvider.SecretProvider, { ...service, ...wire?.(service) })],
      close: async () => {
        session.abort();
        await session.end();
      },
    };
  });
  return async (request) => ({ ...(await launch(request)), stderrText: log ?? (() => "") });
}

/** Serves an inventory that is sound except for a mistake. */
export function launchInventory({ rule, entries, inventory: broken }: Partial<InventoryBreakage> = {}): Launch {
  return launchInProcess(() => {
    const session = newInventorySession();
    const sound: Inventory = { list: () => ENTRIES, close: () => undefined };
    const service = inventoryService(() => ({ ...sound, ...broken?.(sound) }), session);
    return {
      services: () => [
        served(inventory.Inventory, {
          ...service,
          async *list(request, context) {
            const messages = [];
            for await (const message of service.list(request, context)) {
              if (entries === undefined) yield message;
              else messages.push(message);
            }
            if (entries === undefined) return;
            const changed = entries(messages.map(({ entry }) => entry as inventory.InventoryEntry));
            for (const entry of changed) yield { entry };
            if (rule === "inventory.list.complete") yield {};
          },
        }),
      ],
      close: async () => {
        session.abort();
        await session.end();
      },
    };
  });
}
