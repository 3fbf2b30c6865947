import { createRequire } from "node:module";
import { join } from "node:path";
import type { AttributesOf } from "./compare.js";

/** The part of the plugin's native library that is used here. */
interface NativeLibrary {
  readonly listAttributesSync: (path: string) => string[];
  readonly getAttributeSync: (path: string, name: string) => Uint8Array | null;
}

/** The attributes of users. Others, such as SELinux labels, belong to the system and differ between folders. */
const PREFIX = "user.";

/**
 * Loads the native library next to the built plugin, because Node itself cannot read
 * extended attributes.
 *
 * @param plugins - The folder of the built plugin.
 * @returns undefined if the library does not exist for this platform. Then the
 * plugin does not have it either, and writes a notice.
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
    // The library has no error codes. This is the message of ENOTSUP, from a file system without attributes.
    if (/not supported/i.test(String((error as { message?: unknown } | null)?.message))) return [];
    throw error;
  }
}
