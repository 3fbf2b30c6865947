import type * as Crypto from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";

const PATTERN = /^\.tsfs-([0-9a-f]{8})-([0-9a-f]{1,8})-[0-9a-f]{12}$/;
/** Used if the system does not identify its boot. */
const UNKNOWN_BOOT = "00000000";

/** Bytes of a random part, and the number of parts that are made together. */
const RANDOM_BYTES = 6;
const RANDOM_PARTS = 64;

let boot: string | undefined;
/** Reading `process.pid` is a system call. */
const own = process.pid.toString(16);
let random = "";

/** Loads the module on demand: it is slow to load, and would delay the plugin's first response. */
const crypto = (): typeof Crypto => process.getBuiltinModule("node:crypto");

/**
 * Makes the name of an unfinished file. It does not contain the final name, because
 * `<name>.tmp` could exceed the limit of 255 bytes. It identifies the process, so
 * that files of dead processes differ from files that are being written.
 */
export function temporaryName(): string {
  return `.tsfs-${(boot ??= bootOf())}-${own}-${randomPart()}`;
}

function randomPart(): string {
  if (random === "")
    random = crypto()
      .randomBytes(RANDOM_BYTES * RANDOM_PARTS)
      .toString("hex");
  const part = random.slice(0, 2 * RANDOM_BYTES);
  random = random.slice(2 * RANDOM_BYTES);
  return part;
}

/** Returns true for names from {@link temporaryName}. */
export function isTemporaryName(name: string): boolean {
  return PATTERN.test(name);
}

/**
 * Returns the state of the process that made a temporary name: "unknown" if it
 * belongs to another machine, container or boot, as the directory may be shared.
 */
export function makerOf(name: string): "alive" | "dead" | "unknown" {
  const [, where, pid] = PATTERN.exec(name) ?? [];
  if (pid === undefined || where === UNKNOWN_BOOT || where !== (boot ??= bootOf())) return "unknown";
  try {
    process.kill(Number.parseInt(pid, 16), 0);
    return "alive";
  } catch (error) {
    // Any other error, such as EPERM for another user's process, means that it exists.
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? "dead" : "alive";
  }
}

/** Returns an id of this boot of this machine and of this process id namespace. */
function bootOf(): string {
  try {
    const id = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    return crypto().createHash("sha256").update(id).update(readlinkSync("/proc/self/ns/pid")).digest("hex").slice(0, 8);
  } catch {
    // Not Linux, or no /proc.
    return UNKNOWN_BOOT;
  }
}
