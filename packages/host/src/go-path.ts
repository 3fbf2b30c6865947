import { posix } from "node:path";

/**
 * Go's `path.Clean`: the shortest equivalent name, found without looking at the file system. Hosts apply it to every
 * pathname; it turns "proto:///a" into "proto:/a".
 */
export function goClean(path: string): string {
  // Node keeps a trailing slash, Go does not.
  const normalized = posix.normalize(path);
  return normalized.length > 1 && normalized.endsWith("/") ? normalized.slice(0, -1) : normalized;
}

/** Go's `path.Join`: joins the elements that are not empty; "" if all of them are. */
export function goJoin(...elements: readonly string[]): string {
  return elements.every((element) => element === "") ? "" : goClean(posix.join(...elements));
}

/** Go's `path.Dir`: all but the last element, cleaned. */
export function goDir(path: string): string {
  return goClean(path.slice(0, path.lastIndexOf("/") + 1));
}
