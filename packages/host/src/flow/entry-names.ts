import type { FileInfo } from "@kloset/model";
import { goClean } from "../go-path.js";

/**
 * Describes why hosts on the kloset library 1.1.4 reject an entry when they read a snapshot: its pathname is not clean,
 * or its name is "", ".", ".." or contains "/".
 *
 * @param fileInfo - Absent for extended attributes.
 * @returns undefined if the entry is valid.
 */
export function nameProblem(pathname: string, fileInfo: FileInfo | undefined): string | undefined {
  if (!pathname.startsWith("/") || goClean(pathname) !== pathname) {
    return `the pathname ${JSON.stringify(pathname)} is not clean: hosts reject its snapshot`;
  }
  if (fileInfo === undefined || pathname === "/") return undefined;
  const { name } = fileInfo;
  if (name !== "" && name !== "." && name !== ".." && !name.includes("/")) return undefined;
  return `${JSON.stringify(pathname)} has the name ${JSON.stringify(name)}: hosts reject its snapshot`;
}
