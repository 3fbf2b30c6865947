import { fileURLToPath } from "node:url";

/** Who is compared. */
export type Contestant = "typescript" | "go" | "goTuned";

/** In the order of a round's first turn. */
export const contestants: readonly Contestant[] = ["typescript", "go", "goTuned"];

/** How a plugin is started. */
export interface Plugin {
  /** The executable and its first arguments; the connector follows. */
  readonly command: readonly string[];
  /** Settings that the host sends, as `key=value`. */
  readonly config: readonly string[];
}

const dist = new URL("../dist/", import.meta.url);
const goPlugin = [fileURLToPath(new URL("go/plugin", dist))];

/** The host that drives them all. */
export const client = fileURLToPath(new URL("go/bench", dist));

/** The same work, three times. */
export const plugins: Readonly<Record<Contestant, Plugin>> = {
  typescript: { command: [process.execPath, fileURLToPath(new URL("plugin-bundle/synthetic.mjs", dist))], config: [] },
  // As Plakar's Go SDK does it: 1 MiB is allocated for every call that reads.
  go: { command: goPlugin, config: ["buffers=fresh"] },
  goTuned: { command: goPlugin, config: ["buffers=pooled"] },
};
