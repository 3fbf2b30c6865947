import { hostname } from "node:os";
import type { HostOptions } from "@kloset/model";

/** What a connector is made from: `Init` carries it to the plugin. */
export interface ConnectorOptions {
  /** As the user writes it: `<protocol>://<rest>`. Sent as `config.location`. */
  readonly location: string;
  /** Default: what stands before "://" in the location. */
  readonly protocol?: string | undefined;
  /** The user's options (`-o key=value`). */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** What the host says of itself. Default: this machine, and one call at a time. Storages are told none of it. */
  readonly options?: Partial<HostOptions> | undefined;
}

/** What a connector says of itself. */
export interface ConnectorIdentity {
  /** The machine or account; empty where the generation does not tell. */
  readonly origin: string;
  /** The kind, as "fs" or "s3"; empty where the generation does not tell. */
  readonly type: string;
  /** The top of what is imported or restored to; of a storage, its location (v1.0) or root (v1.1). */
  readonly root: string;
  /** Bits of `LocationFlag`; 0 on v1.0, which has none. */
  readonly flags: number;
}

/** The part of every `Init` that both generations and all connectors share. */
export interface InitFields {
  readonly proto: string;
  readonly config: Record<string, string>;
}

/** @throws RangeError for a location without a protocol, when none is given. */
export function initFields(options: ConnectorOptions): InitFields {
  const protocol = options.protocol ?? /^([^:/]+):\/\//.exec(options.location)?.[1];
  if (protocol === undefined) {
    throw new RangeError(`a location is <protocol>://<rest>: ${JSON.stringify(options.location)}`);
  }
  return { proto: protocol, config: { ...options.config, location: options.location } };
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/** Fills in what the caller leaves out, with Go's names for system and processor. */
export function hostOptionsOf(options: Partial<HostOptions> | undefined): HostOptions {
  return {
    hostname: hostname(),
    os: process.platform === "win32" ? "windows" : process.platform,
    arch: GO_ARCHITECTURES[process.arch] ?? process.arch,
    cwd: process.cwd(),
    maxConcurrency: 1,
    excludes: [],
    noXattr: false,
    ...options,
  };
}
