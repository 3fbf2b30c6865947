import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, platform } from "node:os";

/** The versions under test and the machine. */
export interface Versions {
  readonly sdk: string;
  /** The commit of the working copy, followed by "+" if it has changes. */
  readonly commit: string;
  /** The value of `KLOSET_SERVER`, or "default". */
  readonly server: string;
  readonly node: string;
  readonly go: string;
  readonly grpcGo: string;
  readonly machine: string;
}

const top = new URL("../../", import.meta.url);

/** Collects the versions. @param goExecutable - An executable built for the benchmark. */
export function versionsOf(goExecutable: string, server: string): Versions {
  const build = execFileSync("go", ["version", "-m", goExecutable], { encoding: "utf8" });
  const { version } = JSON.parse(readFileSync(new URL("packages/sdk/package.json", top), "utf8")) as {
    version: string;
  };
  const processors = cpus();
  return {
    sdk: version,
    commit: commit(),
    server,
    node: process.versions.node,
    ...goVersionsOf(build),
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}, ${platform()} ${process.arch}`,
  };
}

/**
 * Parses the output of `go version -m`.
 *
 * @throws Error if it does not contain grpc-go.
 */
export function goVersionsOf(build: string): Pick<Versions, "go" | "grpcGo"> {
  const go = /: go(\S+)/.exec(build)?.[1];
  const grpcGo = /\sgoogle\.golang\.org\/grpc\sv(\S+)/.exec(build)?.[1];
  if (go === undefined || grpcGo === undefined) throw new Error(`go version reports no grpc-go: ${build}`);
  return { go, grpcGo };
}

function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { cwd: top, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") === "" ? "" : "+"}`;
  } catch {
    // Not a Git repository.
    return "unknown";
  }
}
