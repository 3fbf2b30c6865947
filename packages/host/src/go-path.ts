/**
 * Go's `path.Clean`: the shortest name of the same place, by names alone. Hosts
 * put it on every pathname; it turns "proto:///a" into "proto:/a".
 */
export function goClean(path: string): string {
  if (path === "") return ".";
  const rooted = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!rooted) parts.push("..");
  }
  const joined = parts.join("/");
  if (rooted) return `/${joined}`;
  return joined === "" ? "." : joined;
}

/** Go's `path.Join`: empty elements are left out; "" when all are empty. */
export function goJoin(...elements: readonly string[]): string {
  const present = elements.filter((element) => element !== "");
  return present.length === 0 ? "" : goClean(present.join("/"));
}

/** Go's `path.Dir`: all but the last element, cleaned. */
export function goDir(path: string): string {
  return goClean(path.slice(0, path.lastIndexOf("/") + 1));
}
