import { hostname } from "node:os";
import type { HostOptions } from "@kloset/model";
import { HOSTS, type HostName, type HostProfile } from "../hosts.js";

/** Options of a connector. `Init` sends them to the plugin. */
export interface ConnectorOptions {
  /** Location as the user writes it: `<protocol>://<rest>`. Sent as `config.location`. */
  readonly location: string;
  /** Default: the part of the location before "://". */
  readonly protocol?: string | undefined;
  /** Options of the user (`-o key=value`). */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /**
   * Description of the host. Default: this machine, with `maxConcurrency`, `describedAs` and `describesItselfToExporters` of
   * the {@link HostProfile}. Not sent to storages.
   */
  readonly options?: Partial<HostOptions> | undefined;
}

/** Options of a secret provider or an inventory. `Init` sends them to the plugin, and nothing else. */
export interface InitOptions extends Pick<ConnectorOptions, "config"> {
  /** Location as the user writes it: `<protocol>://<rest>`. Sent as `config.location`. Default: not sent. */
  readonly location?: string | undefined;
}

/** A connector's description of itself. */
export interface ConnectorIdentity {
  /** Machine or account. Empty where the generation does not send it. */
  readonly origin: string;
  /** Type of the connector, for example "fs" or "s3". Empty where the generation does not send it. */
  readonly type: string;
  /** Root directory of the import or restore. For a storage, its location (v1.0) or root (v1.1). */
  readonly root: string;
  /** Bits of `LocationFlag`. 0 on v1.0, which has no flags. */
  readonly flags: number;
}

/** Fields that the `Init` of every connector has in both generations. */
export interface InitFields {
  readonly proto: string;
  readonly config: Record<string, string>;
}

/** @throws RangeError if the location has no protocol and none is given. */
export function initFields(options: ConnectorOptions): InitFields {
  const protocol = options.protocol ?? /^([^:/]+):\/\//.exec(options.location)?.[1];
  if (protocol === undefined) {
    throw new RangeError(`a location is <protocol>://<rest>: ${JSON.stringify(options.location)}`);
  }
  return { proto: protocol, config: { ...options.config, location: options.location } };
}

/** Returns the configuration of a connector whose `Init` has no other field. */
export function initConfig({ config, location }: InitOptions): Record<string, string> {
  return { ...config, ...(location !== undefined && { location }) };
}

/** Returns the fields of a storage's `Init`, without the keys that the host withholds. */
export function storageInitFields(like: HostName, options: ConnectorOptions): InitFields {
  const { proto, config } = initFields(options);
  const { withheldStorageKeys } = HOSTS[like];
  return {
    proto,
    config: Object.fromEntries(Object.entries(config).filter(([key]) => !withheldStorageKeys.includes(key))),
  };
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/** Fills in missing options, with Go's names for operating system and architecture. */
export function hostOptionsOf(
  like: HostName,
  connector: "importer" | "exporter",
  options: Partial<HostOptions> | undefined,
): HostOptions {
  const host = HOSTS[like];
  const isDescribed = connector === "importer" || host.describesItselfToExporters;
  return {
    ...(isDescribed ? machineOf(host) : { hostname: "", os: "", arch: "", cwd: "" }),
    maxConcurrency: host.maxConcurrency,
    excludes: [],
    noXattr: false,
    ...options,
  };
}

function machineOf({
  describedAs = { hostname: hostname(), cwd: process.cwd() },
}: HostProfile): Pick<HostOptions, "hostname" | "os" | "arch" | "cwd"> {
  return {
    ...describedAs,
    os: process.platform === "win32" ? "windows" : process.platform,
    arch: GO_ARCHITECTURES[process.arch] ?? process.arch,
  };
}
