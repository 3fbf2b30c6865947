import { hostname } from "node:os";
import type { HostOptions } from "@kloset/model";
import { HOSTS, type HostName } from "../hosts.js";

/** Options of a connector. `Init` sends them to the plugin. */
export interface ConnectorOptions {
  /** Location as the user writes it: `<protocol>://<rest>`. Sent as `config.location`. */
  readonly location: string;
  /** Default: the part of the location before "://". */
  readonly protocol?: string | undefined;
  /** Options of the user (`-o key=value`). */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /**
   * Description of the host. Default: this machine, and `HostProfile.maxConcurrency`. `"plaklet"` calls itself "plaklet",
   * works in "/", and tells an exporter only its concurrency. Not sent to storages.
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

/** Returns the fields of a storage's `Init`. plaklet keeps the passphrase of the repository to itself. */
export function storageInitFields(like: HostName, options: ConnectorOptions): InitFields {
  const { proto, config } = initFields(options);
  if (like !== "plaklet") return { proto, config };
  delete config["passphrase"];
  return { proto, config };
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/** Fills in missing options, with Go's names for operating system and architecture. */
export function hostOptionsOf(
  like: HostName,
  connector: "importer" | "exporter",
  options: Partial<HostOptions> | undefined,
): HostOptions {
  const machine = {
    hostname: like === "plaklet" ? "plaklet" : hostname(),
    os: process.platform === "win32" ? "windows" : process.platform,
    arch: GO_ARCHITECTURES[process.arch] ?? process.arch,
    cwd: like === "plaklet" ? "/" : process.cwd(),
  };
  return {
    ...(like === "plaklet" && connector === "exporter" ? { hostname: "", os: "", arch: "", cwd: "" } : machine),
    maxConcurrency: HOSTS[like].maxConcurrency,
    excludes: [],
    noXattr: false,
    ...options,
  };
}
