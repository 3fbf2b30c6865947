import "@kloset/sdk/guard";
import {
  fileInfoOf,
  runPlugin,
  StoreMode,
  type Exporter,
  type Importer,
  type Inventory,
  type ResourceStore,
  type SecretProvider,
} from "@kloset/sdk";
import { DETAILS_BYTES, secretOf } from "./control-plane.js";
import { consumeSlowly, markedBytes } from "./marked-bytes.js";

/** Number of records in each folder, with names such as `/d0000/f0000000`. The plugin keeps no state for them. */
const PER_FOLDER = 1000;

function importer(records: number, bytes: number): Importer {
  return {
    origin: () => "scale",
    type: () => "scale",
    root: () => "/",
    *scan() {
      yield { pathname: "/", fileInfo: fileInfoOf({ type: "directory" }) };
      for (let index = 0, folder = ""; index < records; index++) {
        if (index % PER_FOLDER === 0) {
          folder = `/d${String(index / PER_FOLDER).padStart(4, "0")}`;
          yield { pathname: folder, fileInfo: fileInfoOf({ type: "directory" }) };
        }
        const pathname = `${folder}/f${String(index).padStart(7, "0")}`;
        yield { pathname, fileInfo: fileInfoOf({ size: bytes, ino: BigInt(index) }) };
      }
    },
    open: () => markedBytes(bytes),
    close: () => undefined,
  };
}

const exporter: Exporter = {
  root: () => "/",
  createDirectory: () => undefined,
  storeFile: async (_pathname, data) => {
    await consumeSlowly(data);
  },
  setPermissions: () => undefined,
  close: () => undefined,
};

function store(bytes: number): ResourceStore {
  return {
    create: () => undefined,
    open: () => new Uint8Array(1),
    location: () => "scale://",
    mode: () => StoreMode.READ | StoreMode.WRITE,
    size: () => -1,
    list: () => [],
    put: (_kind, _mac, data) => consumeSlowly(data),
    get: () => markedBytes(bytes),
    delete: () => undefined,
    close: () => undefined,
  };
}

const secretProvider: SecretProvider = {
  resolve: secretOf,
  close: () => undefined,
};

/** Lists entries with large details, which a plugin without back-pressure would hold. */
function inventory(entries: number): Inventory {
  return {
    *list() {
      for (let index = 0; index < entries; index++) {
        const details = new Uint8Array(DETAILS_BYTES);
        yield { class: "compute", urn: `urn:scale:${index}`, name: `entry ${index}`, tags: ["scale"], details };
      }
    },
    close: () => undefined,
  };
}

/** Reads a non-negative integer from the host's configuration. */
function numberOf(config: Readonly<Record<string, string | undefined>>, key: string): number {
  const value = Number(config[key] ?? "0");
  if (!Number.isSafeInteger(value) || value < 0)
    throw new Error(
      `config key ${JSON.stringify(key)}: expected a non-negative integer, got ${JSON.stringify(config[key])}`,
    );
  return value;
}

// Not awaited: the bundle is CommonJS, which has no top-level await.
void runPlugin({
  importer: ({ config }) => importer(numberOf(config, "records"), numberOf(config, "bytes")),
  exporter: () => exporter,
  storage: ({ config }) => store(numberOf(config, "bytes")),
  secretProvider: () => secretProvider,
  inventory: ({ config }) => inventory(numberOf(config, "records")),
});
