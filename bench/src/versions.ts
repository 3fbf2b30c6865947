import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, platform } from "node:os";

/** What was measured, and where. */
export interface Versions {
  readonly sdk: string;
  /** Of the working copy; with "+" when it has changes. */
  readonly commit: string;
  /** What `KLOSET_SERVER` says; "default" when it says nothing. */
  readonly server: string;
  readonly node: string;
  readonly go: string;
  readonly grpcGo: string;
  readonly machine: string;
}

const top = new URL("../../", import.meta.url);

/** Asks those who know. @param goExecutable - One of those that were built. */
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
 * @param build - What `go version -m` prints.
 * @throws Error when grpc-go is not in it.
 */
export function goVersionsOf(build: string): Pick<Versions, "go" | "grpcGo"> {
  const go = /: go(\S+)/.exec(build)?.[1];
  const grpcGo = /\sgoogle\.golang\.org\/grpc\sv(\S+)/.exec(build)?.[1];
  if (go === undefined || grpcGo === undefined) throw new Error(`go version tells no grpc-go: ${build}`);
  return { go, grpcGo };
}

function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { cwd: top, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") === "" ? "" : "+"}`;
  } catch {
    // A copy without its history.
    return "unknown";
  }
}
