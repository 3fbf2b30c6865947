/**
 * Joins a root and a pathname below it so that the result can not leave the
 * root: "." and ".." and empty components are resolved inside of it.
 *
 * This is about names only. Whether a component *is* a symbolic link that leads
 * out of the root only the file system knows: exporters must look.
 *
 * @param root - Slash-separated, with or without slashes at its end. Not empty: that would be "/".
 * @param pathname - Slash-separated, taken as absolute below the root.
 * @returns `root` itself for "/", else `root` + "/" + the rest.
 * @throws RangeError when the pathname holds a NUL, or a ".." that would leave the
 * root; when the root is empty.
 */
export function resolveBelow(root: string, pathname: string): string {
  if (root === "") throw new RangeError("the root is empty");
  const base = withoutSlashes(root);
  const parts = componentsBelow(pathname);
  if (parts.length === 0) return base === "" ? "/" : base;
  return `${base}/${parts.join("/")}`;
}

/**
 * Makes a pathname canonical: absolute, no ".", no "..", no empty component.
 *
 * @throws RangeError when the pathname holds a NUL, or a ".." that would leave the root.
 */
export function cleanPathname(pathname: string): string {
  return `/${componentsBelow(pathname).join("/")}`;
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

/** @returns The last component of a slash-separated pathname, "/" for the root. */
export function baseName(pathname: string): string {
  const trimmed = withoutSlashes(pathname);
  if (trimmed === "" && pathname !== "") return "/";
  return trimmed.slice(trimmed.lastIndexOf("/") + 1);
}

/** @returns Every parent of an absolute pathname, from "/" down, without itself: none for "/". */
export function parentsOf(pathname: string): string[] {
  const parts = componentsBelow(pathname);
  const parents: string[] = [];
  for (let i = 0; i < parts.length; i++) parents.push(`/${parts.slice(0, i).join("/")}`);
  return parents;
}
