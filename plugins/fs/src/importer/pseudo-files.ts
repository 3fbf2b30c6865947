import { statfsSync } from "node:fs";

/**
 * The types in statfs(2) of file systems whose files the kernel generates when they are read: their size (mostly 0 or
 * 4,096) is not the length of their content, and their times mean nothing.
 */
const PSEUDO_TYPES: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0x62656570, // configfs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0xf97cff8c, // selinuxfs
  0x42494e4d, // binfmt_misc
  0x6165676c, // pstore
  0xde5e81e4, // efivarfs
]);

const known = new Map<bigint, boolean>();

/**
 * Returns true if the kernel generates the content of an open file. Asks the system once for each device.
 *
 * @param dev - The device of the file.
 */
export function isPseudoFile(fd: number, dev: bigint): boolean {
  if (process.platform !== "linux") return false;
  let pseudo = known.get(dev);
  if (pseudo === undefined) {
    pseudo = hasPseudoType(`/proc/self/fd/${fd}`);
    known.set(dev, pseudo);
  }
  return pseudo;
}

function hasPseudoType(path: string): boolean {
  try {
    return PSEUDO_TYPES.has(statfsSync(path).type >>> 0);
  } catch {
    return false;
  }
}
