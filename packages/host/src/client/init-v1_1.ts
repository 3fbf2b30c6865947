import type { HostOptions } from "@kloset/model";

/** The `Options` message that v1.1 sends to importers and exporters. */
export interface WireOptions {
  readonly hostname: string;
  readonly os: string;
  readonly arch: string;
  readonly cwd: string;
  readonly maxconcurrency: bigint;
  readonly excludes: string[];
  readonly noxattr: boolean;
}

/** Builds the options of a v1.1 `Init`. */
export function initOptionsV1_1(host: HostOptions): WireOptions {
  return {
    hostname: host.hostname,
    os: host.os,
    arch: host.arch,
    cwd: host.cwd,
    maxconcurrency: BigInt(host.maxConcurrency),
    excludes: [...host.excludes],
    noxattr: host.noXattr,
  };
}
