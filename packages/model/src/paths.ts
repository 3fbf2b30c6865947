/**
 * Joins a root and a pathname so that the result cannot leave the root: ".", ".."
 * and empty components are resolved within it.
 *
 * Only names are checked. A component may still be a symbolic link that leads out
 * of the root: exporters must check the file system for that.
 *
 * @param root - Slash-separated, with or without trailing slashes. Must not be empty, which would mean "/".
 * @param pathname - Slash-separated, interpreted as absolute below the root.
 * @returns `root` for "/", otherwise `root` + "/" + the rest.
 * @throws RangeError if the root is empty, or the pathname contains a NUL or a ".."
 * that would leave the root.
 */
export function resolveBelow(root: string, pathname: string): string {
  if (root === "") throw new RangeError("the root is empty");
  const base = withoutSlashes(root);
  if (pathname !== "/" && isClean(pathname)) return base + pathname;
  const parts = componentsBelow(pathname);
  if (parts.length === 0) return base === "" ? "/" : base;
  return `${base}/${parts.join("/")}`;
}

/**
 * Makes a pathname canonical: absolute, without ".", ".." or empty components.
 *
 * @throws RangeError if the pathname contains a NUL or a ".." that would leave the root.
 */
export function cleanPathname(pathname: string): string {
  return isClean(pathname) ? pathname : `/${componentsBelow(pathname).join("/")}`;
}

/** An empty component, ".", "..", or a trailing slash. */
const UNCLEAN = /\/(?:\/|\.\.?(?:\/|$))|[^/]\/$/;

/** Returns true if nothing is to be resolved, as in almost every pathname of a host. */
function isClean(pathname: string): boolean {
  return pathname.startsWith("/") && !UNCLEAN.test(pathname) && !pathname.includes("\0");
}

function componentsBelow(pathname: string): string[] {
  if (pathname.includes("\0")) throw new RangeError(`pathname holds a NUL: ${JSON.stringify(pathname)}`);
  const parts: string[] = [];
  for (const part of pathname.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") {
      parts.push(part);
    } else if (parts.pop() === undefined) {
      throw new RangeError(`pathname escapes the root: ${JSON.stringify(pathname)}`);
    }
  }
  return parts;
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** Returns the last component of a slash-separated pathname, "/" for the root. */
export function baseName(pathname: string): string {
  const trimmed = withoutSlashes(pathname);
  if (trimmed === "" && pathname !== "") return "/";
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** Returns every parent of an absolute pathname, from "/" down, excluding the pathname itself. Empty for "/". */
export function parentsOf(pathname: string): string[] {
  const parts = componentsBelow(pathname);
  const parents: string[] = [];
  for (let i = 0; i < parts.length; i++) parents.push(`/${parts.slice(0, i).join("/")}`);
  return parents;
}
