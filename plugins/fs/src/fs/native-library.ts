/**
 * Loads the native library next to a packed executable: for `tsfs-exporter.cjs` and "xattr",
 * `tsfs-exporter-xattr.node`. Does not use `require`, which first looks for a package.json in every parent directory.
 *
 * @param module - Path of the executable.
 * @throws Error if the library is missing or does not load.
 */
export function loadLibraryBeside(module: string, library: string): unknown {
  const loaded = { exports: {} };
  process.dlopen(loaded, module.replace(/\.[^./\\]*$/, `-${library}.node`));
  return loaded.exports;
}
