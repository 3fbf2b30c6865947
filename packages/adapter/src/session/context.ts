import type { ConnectorContext, HostOptions } from "@kloset/model";

/** What an Init request of any service has, in both generations. */
export interface InitRequest {
  readonly proto: string;
  readonly config: Readonly<Record<string, string>>;
  readonly options?: Partial<InitOptions> | undefined;
}

/** The host's options; older hosts and exporters of v1.0 send fewer. */
export interface InitOptions {
  readonly hostname: string;
  readonly os: string;
  readonly arch: string;
  readonly cwd: string;
  readonly maxconcurrency: bigint;
  readonly excludes: readonly string[];
  readonly noxattr: boolean;
}

/** Makes what a connector is constructed with. */
export function contextOf(request: InitRequest, signal: AbortSignal): ConnectorContext {
  const config = { ...request.config };
  return {
    location: config["location"] ?? "",
    config,
    options: optionsOf(request.options ?? {}),
    protocol: request.proto,
    signal,
  };
}

function optionsOf(options: Partial<InitOptions>): HostOptions {
  return {
    hostname: options.hostname ?? "",
    os: options.os ?? "",
    arch: options.arch ?? "",
    cwd: options.cwd ?? "",
    maxConcurrency: concurrencyOf(options.maxconcurrency ?? 1n),
    excludes: [...(options.excludes ?? [])],
    noXattr: options.noxattr ?? false,
  };
}

/** 0 and negative values occur in odd configurations: 1. Beyond 2^16 it bounds nothing any more. */
function concurrencyOf(value: bigint): number {
  if (value < 1n) return 1;
  return value > 0xffffn ? 0xffff : Number(value);
}
