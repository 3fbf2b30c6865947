import { fileURLToPath } from "node:url";
import type { Row } from "./rows.js";

/** The name of a plugin in the comparison. */
export type Contestant = "typescript" | "go" | "goTuned";

/** All contestants, in the order of the first round. */
export const contestants: readonly Contestant[] = ["typescript", "go", "goTuned"];

/** The command and settings of a plugin. */
export interface Plugin {
  /** The executable and its arguments. */
  readonly command: readonly string[];
  /** Settings that the host sends, in the form `key=value`. */
  readonly config: readonly string[];
}

const dist = new URL("../dist/", import.meta.url);
const goPlugin = fileURLToPath(new URL("go/plugin", dist));
const synthetic = fileURLToPath(new URL("plugin-bundle/synthetic.cjs", dist));
const fsPlugin = (connector: string): string =>
  fileURLToPath(new URL(`../../plugins/fs/dist/tsfs-${connector}.cjs`, import.meta.url));

/** The host that drives them all. */
export const client = fileURLToPath(new URL("go/bench", dist));

/** Returns the plugins that do the work of a row. */
export function pluginsOf({
  connector,
  onDisk = false,
  folder = "",
}: Pick<Row, "connector" | "onDisk" | "folder">): Readonly<Record<Contestant, Plugin>> {
  const script = onDisk ? [fsPlugin(connector)] : [synthetic, connector];
  const command = [goPlugin, connector];
  const settings = !onDisk ? [] : [`location=disk://${folder}`, ...(connector === "storage" ? [] : ["disk=1"])];
  const isStored = onDisk && connector === "storage";
  return {
    typescript: {
      command: [process.execPath, ...script],
      config: onDisk ? [`location=tsfs://${folder}`] : [],
    },
    // Like Plakar's Go SDK: allocates 1 MiB for every call that reads. Like its storage: syncs nothing to the disk.
    go: { command, config: ["buffers=fresh", ...settings, ...(isStored ? ["sync=0"] : [])] },
    // As durable as the storage in TypeScript.
    goTuned: { command, config: ["buffers=pooled", ...settings, ...(isStored ? ["sync=1"] : [])] },
  };
}
