import { spawnSync } from "node:child_process";

/** What a process runs in: a program that takes another one's command line, and becomes it. */
export interface Surroundings {
  readonly command: readonly string[];
}

/** Nothing but what the test itself runs in. */
export const ORDINARY: Surroundings = { command: [] };

/**
 * Limits of the process, soft and hard: Node raises soft ones.
 *
 * @param limits - `files`: descriptors. `blocks`: of a file that is written, 512
 * or 1,024 bytes each, as the shell will have it.
 */
export function limited({ files, blocks }: { files?: number; blocks?: number }): Surroundings {
  const set = [
    ...(files === undefined ? [] : [`ulimit -n ${files}`]),
    ...(blocks === undefined ? [] : [`ulimit -f ${blocks}`]),
    'exec "$@"',
  ];
  return { command: ["sh", "-c", set.join(" && "), "sh"] };
}

/** The powers by which a superuser passes over permissions. */
const POWERS = ["-dac_override", "-dac_read_search", "-fowner"].join(",");

/**
 * The same user, whom permissions bind: a superuser without the powers to pass
 * over them. Not another user, who might not even reach the plugin.
 *
 * @throws Error when this machine has no way to do so.
 */
export function boundByPermissions(): Surroundings {
  if (process.geteuid?.() !== 0) return ORDINARY;
  const command = ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS];
  const probe = spawnSync(command[0] ?? "", [...command.slice(1), "true"], { encoding: "utf8" });
  if (probe.status !== 0) {
    const reason = (probe.error?.message ?? probe.stderr).trim();
    throw new Error(`as a superuser this test needs setpriv, of util-linux, with CAP_SETPCAP: ${reason}`);
  }
  return { command };
}
