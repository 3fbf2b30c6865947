import { createRequire } from "node:module";
import { join } from "node:path";
import type { AttributesOf } from "./compare.js";

/** The part of the plugin's native library that is used here. */
interface NativeLibrary {
  readonly listAttributesSync: (path: string) => string[];
  readonly getAttributeSync: (path: string, name: string) => Uint8Array | null;
}

/** Those that a user sets. Others (labels of SELinux, for one) are the system's, and differ by folder. */
const PREFIX = "user.";

/**
 * Loads the native library that lies beside the built plugin: Node itself can not
 * read extended attributes.
 *
 * @param plugins - The folder of the built plugin.
 * @returns undefined when there is none for this platform: then the plugin has none either, and says so.
 */
export function loadExtendedAttributes(plugins: string): AttributesOf | undefined {
  let library: NativeLibrary;
  try {
    library = createRequire(import.meta.url)(join(plugins, "tsfs-importer-xattr.node")) as NativeLibrary;
  } catch {
    return undefined;
  }
  return (path) => {
    const attributes = new Map<string, Uint8Array>();
    for (const name of listOf(library, path)) {
      const value = name.startsWith(PREFIX) ? library.getAttributeSync(path, name) : null;
      if (value !== null) attributes.set(name, value);
    }
    return attributes;
  };
}

function listOf(library: NativeLibrary, path: string): string[] {
  try {
    return library.listAttributesSync(path);
  } catch (error) {
    // The number is all that the library tells: file systems without any attributes say ENOTSUP.
    if (/not supported/i.test(String((error as { message?: unknown } | null)?.message))) return [];
    throw error;
  }
}
