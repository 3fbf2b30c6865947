import { readFile } from "node:fs/promises";
import { defineInventory, pathOfLocation, type InventoryEntry } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** Lists the resources of a JSON file: `my-plugin:///etc/resources.json`. The file has an array of entries. */
export default defineInventory({
  config: {
    tag: option.string({ description: "List only resources with this tag." }).optional(),
  },
  connect({ config, location }) {
    const path = pathOfLocation(location, "my-plugin");

    return {
      async *list({ signal }) {
        const entries = parse(path, await readFile(path, { encoding: "utf8", signal }));
        if (!Array.isArray(entries)) throw new Error(`${path}: expected an array of resources`);
        // The SDK checks every entry.
        for (const entry of entries as InventoryEntry[]) {
          if (config.tag === undefined || entry.tags?.includes(config.tag) === true) yield entry;
        }
      },
      close: () => undefined,
    };
  },
});

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error });
  }
}
