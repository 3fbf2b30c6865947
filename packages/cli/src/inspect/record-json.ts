import type { ScannedRecord } from "@kloset/host";
import { fileModeToPosix, fileTypeOf } from "@kloset/model";

const OCTAL = 8;
const PERMISSION_BITS = 0o7777;

/** Returns the permissions of a Go file mode as for `chmod`: `"0644"`. */
export function permissionsOf(mode: number): string {
  return (fileModeToPosix(mode) & PERMISSION_BITS).toString(OCTAL).padStart(4, "0");
}

/** Returns a record as a line of `kloset inspect scan --json` shows it. Numbers of 64 bits are strings. */
export function recordJson(record: ScannedRecord): Readonly<Record<string, unknown>> {
  const { pathname, fileInfo, target, attribute, extendedAttributes, fileAttributes } = record;
  if (attribute !== undefined) return { type: "attribute", pathname, attribute: attribute.name, kind: attribute.kind };
  if (fileInfo === undefined) return { type: "record", pathname };
  const { mode, size, modTime, dev, ino, uid, gid, nlink, username, groupname, flags } = fileInfo;
  return {
    type: "record",
    pathname,
    fileType: fileTypeOf(mode),
    size: size ?? null,
    permissions: permissionsOf(mode),
    modTime: String(modTime),
    ...{ uid, gid, username, groupname, nlink, dev: String(dev), ino: String(ino) },
    ...(target !== "" && { target }),
    ...(extendedAttributes.length > 0 && { extendedAttributes }),
    ...(fileAttributes !== 0 && { fileAttributes }),
    ...(flags !== 0 && { flags }),
  };
}
