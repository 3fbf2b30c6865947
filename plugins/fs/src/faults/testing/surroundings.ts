import { spawnSync } from "node:child_process";

/** The environment of a process: a command that sets it up and then executes the command line that follows. */
export interface Surroundings {
  readonly command: readonly string[];
}

/** The environment of the test itself. */
export const ORDINARY: Surroundings = { command: [] };

/**
 * Limits the resources of the process. Sets hard limits, too, because Node raises
 * soft ones.
 *
 * @param limits - `files`: number of file descriptors. `blocks`: maximum size of a
 * written file, in blocks of 512 or 1,024 bytes, depending on the shell.
 */
export function limited({ files, blocks }: { files?: number; blocks?: number }): Surroundings {
  const set = [
    ...(files === undefined ? [] : [`ulimit -n ${files}`]),
    ...(blocks === undefined ? [] : [`ulimit -f ${blocks}`]),
    'exec "$@"',
  ];
  return { command: ["sh", "-c", set.join(" && "), "sh"] };
}

/** The capabilities that let a superuser ignore permissions. */
const CAPABILITIES = ["-dac_override", "-dac_read_search", "-fowner"].join(",");

/**
 * Runs as the same user, bound by permissions: a superuser loses the capabilities to
 * ignore them. Does not switch to another user, who may have no access to the plugin.
 *
 * @throws Error if the machine does not support it.
 */
export function boundByPermissions(): Surroundings {
  if (process.geteuid?.() !== 0) return ORDINARY;
  const command = ["setpriv", "--bounding-set", CAPABILITIES, "--inh-caps", CAPABILITIES];
  const probe = spawnSync(command[0] ?? "", [...command.slice(1), "true"], { encoding: "utf8" });
  if (probe.status !== 0) {
    const reason = (probe.error?.message ?? probe.stderr).trim();
    throw new Error(`run as a superuser, this test needs setpriv (util-linux) and CAP_SETPCAP: ${reason}`);
  }
  return { command };
}

/**
 * Runs as the root of a user namespace that knows no other user, like a rootless container.
 *
 * @throws Error if the machine does not support it.
 */
export function rootless(): Surroundings {
  const command = ["unshare", "--user", "--map-root-user", "--"];
  const probe = spawnSync(command[0] ?? "", [...command.slice(1), "true"], { encoding: "utf8" });
  if (probe.status !== 0) {
    const reason = (probe.error?.message ?? probe.stderr).trim();
    throw new Error(
      `this test needs unshare (util-linux) and user namespaces (on Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0): ${reason}`,
    );
  }
  return { command };
}
