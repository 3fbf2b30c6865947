import type { ConnectorContext, HostOptions, InitContext } from "@kloset/model";

/** The fields that the Init requests of all services have, in both generations. */
export interface InitRequest {
  readonly proto: string;
  readonly config: Readonly<Record<string, string>>;
  readonly options?: Partial<InitOptions> | undefined;
}

/** The host's options. Older hosts omit some, and so do all hosts in the Init of v1.0 exporters. */
interface InitOptions {
  readonly hostname: string;
  readonly os: string;
  readonly arch: string;
  readonly cwd: string;
  readonly maxconcurrency: bigint;
  readonly excludes: readonly string[];
  readonly noxattr: boolean;
}

/** Creates the context with which an importer, an exporter or a storage is constructed. */
export function contextOf(request: InitRequest, signal: AbortSignal): ConnectorContext {
  return {
    ...initContextOf(request.config, signal),
    options: optionsOf(request.options ?? {}),
    protocol: request.proto,
  };
}

/** Creates the context of a connector whose Init request has a configuration only. */
export function initContextOf(config: Readonly<Record<string, string>>, signal: AbortSignal): InitContext {
  return { location: config["location"] ?? "", config: { ...config }, signal };
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

/** Treats 0 and negative values, which odd configurations contain, as 1, and caps the rest at 65,535. */
function concurrencyOf(value: bigint): number {
  if (value < 1n) return 1;
  return value > 0xffffn ? 0xffff : Number(value);
}
