import type * as Crypto from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

const PATTERN = /^\.tsfs-([0-9a-f]{8})-([0-9a-f]{1,8})-[0-9a-f]{12}$/;
/** Where the system does not say which boot this is. */
const UNKNOWN_BOOT = "00000000";

let boot: string | undefined;

/** Not imported: it takes long to load, and a host waits for the plugin's first answer. */
const crypto = (): typeof Crypto => process.getBuiltinModule("node:crypto");

/**
 * Makes the name of a file that is not finished. It says nothing of the file it
 * becomes, because `<name>.tmp` can be longer than the 255 bytes that a name may
 * have; it says who makes it, so that what a dead process left can be told from
 * what is being written.
 */
export function temporaryName(): string {
  return `.tsfs-${(boot ??= bootOf())}-${process.pid.toString(16)}-${crypto().randomBytes(6).toString("hex")}`;
}

/** True for names that {@link temporaryName} makes. */
export function isTemporaryName(name: string): boolean {
  return PATTERN.test(name);
}

/**
 * Whether the process that made a temporary name still runs. "unknown" for one of
 * another machine or container, or of a time before the machine was started: the
 * directory may be shared.
 */
export function makerOf(name: string): "alive" | "dead" | "unknown" {
  const [, where, pid] = PATTERN.exec(name) ?? [];
  if (pid === undefined || where === UNKNOWN_BOOT || where !== (boot ??= bootOf())) return "unknown";
  try {
    process.kill(Number.parseInt(pid, 16), 0);
    return "alive";
  } catch (error) {
    // Another user's process may not be asked: it is there.
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? "dead" : "alive";
  }
}

/** Tells one boot of one machine, and in it one numbering of processes, from all others. */
function bootOf(): string {
  try {
    const id = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    return crypto().createHash("sha256").update(id).update(readlinkSync("/proc/self/ns/pid")).digest("hex").slice(0, 8);
  } catch {
    // Not Linux, or no /proc.
    return UNKNOWN_BOOT;
  }
}
