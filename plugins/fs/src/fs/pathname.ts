/** Splits an absolute pathname other than "/" into its parent directory and its last component. */
export function splitPathname(pathname: string): { parent: string; name: string } {
  const slash = pathname.lastIndexOf("/");
  return { parent: slash <= 0 ? "/" : pathname.slice(0, slash), name: pathname.slice(slash + 1) };
}

/** Returns true for the directory itself and everything below it. */
export function isAtOrBelow(pathname: string, directory: string): boolean {
  return pathname === directory || pathname.startsWith(directory === "/" ? "/" : `${directory}/`);
}
