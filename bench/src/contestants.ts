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
const fsImporter = fileURLToPath(new URL("../../plugins/fs/dist/tsfs-importer.cjs", import.meta.url));

/** The host that drives them all. */
export const client = fileURLToPath(new URL("go/bench", dist));

/** Returns the plugins that do the work of a row. */
export function pluginsOf({
  connector,
  folder,
}: Pick<Row, "connector" | "folder">): Readonly<Record<Contestant, Plugin>> {
  const script = folder === undefined ? [synthetic, connector] : [fsImporter];
  const command = [goPlugin, connector];
  const onDisk = folder === undefined ? [] : ["disk=1", `location=disk://${folder}`];
  return {
    typescript: {
      command: [process.execPath, ...script],
      config: folder === undefined ? [] : [`location=tsfs://${folder}`],
    },
    // Like Plakar's Go SDK: allocates 1 MiB for every call that reads.
    go: { command, config: ["buffers=fresh", ...onDisk] },
    goTuned: { command, config: ["buffers=pooled", ...onDisk] },
  };
}
