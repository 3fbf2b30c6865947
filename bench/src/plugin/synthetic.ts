import "@kloset/sdk/guard";
import { runExporter, runImporter, runStorage } from "@kloset/sdk";
import { drainingExporter } from "./exporter.js";
import { syntheticImporter } from "./importer.js";
import { memoryStore } from "./storage.js";

const USAGE_EXIT_CODE = 2;
const defaults = { files: 3, size: 1024 };

/** Reads a count from the host's configuration. */
function countOf(config: Readonly<Record<string, string | undefined>>, key: keyof typeof defaults): number {
  const text = config[key] ?? String(defaults[key]);
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new Error(`config key "${key}": expected an integer of at least 0, got ${JSON.stringify(text)}`);
  return value;
}

const connectors: Readonly<Record<string, () => Promise<unknown>>> = {
  importer: () => runImporter(({ config }) => syntheticImporter(countOf(config, "files"), countOf(config, "size"))),
  exporter: () => runExporter(drainingExporter),
  storage: () => runStorage(({ location }) => memoryStore(location)),
};

const connector = process.argv[2] ?? "";
const run = connectors[connector];
if (run === undefined) {
  process.stderr.write(`unknown connector ${JSON.stringify(connector)}: expected importer, exporter or storage\n`);
  process.exitCode = USAGE_EXIT_CODE;
} else {
  // Not awaited: the bundle is CommonJS.
  void run();
}
