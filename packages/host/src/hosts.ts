import { availableParallelism } from "node:os";

/** The two generations of the protocol: Plakar 1.0.3 to 1.0.6, and Plakar 1.1. */
export type Generation = "v1.0" | "v1.1";

/**
 * A host that this package can act as.
 *
 * - `"plakar-1.0"`: Plakar 1.0.6.
 * - `"plakar-1.1"`: Plakar 1.1.4.
 * - `"plaklet"`: plaklet 1.1.0 and 1.1.1, the executor of Plakar's edge and control plane.
 * - `"kloset-1.1.4"`: the next Plakar, and every other host on the kloset library 1.1.4 or later.
 *
 * {@link HOSTS} lists what differs.
 */
export type HostName = "plakar-1.0" | "plakar-1.1" | "plaklet" | "kloset-1.1.4";

/** Traits in which hosts differ. */
export interface HostProfile {
  readonly generation: Generation;
  /** Number of calls at the same time, unless the caller sets `maxConcurrency`: 1, or the number of cores. */
  readonly maxConcurrency: number;
  /** Name and working directory that the host reports in `Init`. Default: those of this process. */
  readonly describedAs?: { readonly hostname: string; readonly cwd: string } | undefined;
  /** True if the `Init` of an exporter describes the host. Otherwise its strings are empty. */
  readonly describesItselfToExporters: boolean;
  /** Keys of a storage's configuration that the host does not send. */
  readonly withheldStorageKeys: readonly string[];
  /** True if a second process counts the source before a backup, as `count` does. */
  readonly countsFirst: boolean;
  /** True if the flags of storage calls are sent. Otherwise they are ignored. */
  readonly sendsStorageFlags: boolean;
  /** True if the process that opens a repository also reads the states. Otherwise a second process does. */
  readonly syncsStatesOnOpen: boolean;
  /** The work for which the mode of a store is requested: once for all blobs, or for every file that is read. */
  readonly requestsModeFor: "blobs" | "file";
  /** Size up to which neighbouring parts of a packfile are read as one range. 0: each part is read separately. */
  readonly mergedRangeBytes: number;
  /** Number of ranges of one file that are read at the same time. */
  readonly rangesAtOnce: number;
  /** True if a backup reads the state back before it releases the lock. */
  readonly readsStateBack: boolean;
  /** When a lock is released: before Close, or while Close runs. */
  readonly releasesLock: "before-close" | "during-close";
  /**
   * Extended attributes of a restore: none, or those that the exporter's flags ask for, with the pathname of their
   * file or with the pathname in the snapshot. No Plakar up to 1.1.4 sends any. `"plakar-1.1"` does, to test exporters.
   */
  readonly sendsAttributes: "no" | "as-restored" | "as-imported";
  /** True if entries with an invalid name or pathname are rejected, and nothing below a symbolic link is restored. */
  readonly checksNames: boolean;
  /** True if one failed entry fails the whole job. */
  readonly failsJobOnError: boolean;
  /**
   * True if closing a connector other than a storage also closes the pipes, the plugin's output first, and waits for the
   * exit of the plugin without limit. A nonzero exit code is then the error of Close.
   */
  readonly awaitsExitOnClose: boolean;
}

const MERGED_RANGE_BYTES = 4 * 1024 * 1024;
const RANGES_AT_ONCE = 8;

const PLAKAR_1_1: HostProfile = {
  generation: "v1.1",
  maxConcurrency: 1,
  describesItselfToExporters: true,
  withheldStorageKeys: [],
  countsFirst: true,
  sendsStorageFlags: false,
  syncsStatesOnOpen: false,
  requestsModeFor: "blobs",
  mergedRangeBytes: 0,
  rangesAtOnce: 1,
  readsStateBack: false,
  releasesLock: "before-close",
  sendsAttributes: "as-restored",
  checksNames: false,
  failsJobOnError: false,
  awaitsExitOnClose: false,
};

/** The traits of each host, as observed on releases of Plakar and plaklet and on a build of the next Plakar. */
export const HOSTS: Readonly<Record<HostName, HostProfile>> = {
  "plakar-1.0": {
    ...PLAKAR_1_1,
    generation: "v1.0",
    countsFirst: false,
    syncsStatesOnOpen: true,
    sendsAttributes: "no",
  },
  "plakar-1.1": PLAKAR_1_1,
  plaklet: {
    ...PLAKAR_1_1,
    maxConcurrency: availableParallelism(),
    describedAs: { hostname: "plaklet", cwd: "/" },
    describesItselfToExporters: false,
    withheldStorageKeys: ["passphrase"],
    countsFirst: false,
    sendsStorageFlags: true,
    syncsStatesOnOpen: true,
    requestsModeFor: "file",
    mergedRangeBytes: MERGED_RANGE_BYTES,
    rangesAtOnce: RANGES_AT_ONCE,
    readsStateBack: true,
    releasesLock: "during-close",
    sendsAttributes: "no",
    failsJobOnError: true,
    awaitsExitOnClose: true,
  },
  "kloset-1.1.4": {
    ...PLAKAR_1_1,
    sendsStorageFlags: true,
    requestsModeFor: "file",
    mergedRangeBytes: MERGED_RANGE_BYTES,
    rangesAtOnce: RANGES_AT_ONCE,
    releasesLock: "during-close",
    sendsAttributes: "as-imported",
    checksNames: true,
  },
};

/**
 * User agents of released hosts (Plakar 1.0.6 and 1.1.4). Plugins distinguish the generations by them.
 */
export const USER_AGENTS: Readonly<Record<Generation, string>> = {
  "v1.0": "grpc-go/1.77.0",
  "v1.1": "grpc-go/1.81.1",
};

/** Selects a host. */
export interface HostChoice {
  /** Generation of the protocol. Required unless {@link HostChoice.like} names the host. */
  readonly generation?: Generation | undefined;
  /**
   * The host to act as. Default: the newest Plakar of the generation, `"plakar-1.0"` or `"plakar-1.1"`.
   *
   * @see HOSTS
   */
  readonly like?: HostName | undefined;
}

/** @throws RangeError if the host or the generation is unknown, or the host does not speak the generation. */
export function hostOf({ generation, like }: HostChoice): HostName {
  if (like === undefined) {
    assertOneOf("generation", generation, Object.keys(USER_AGENTS));
    return generation === "v1.0" ? "plakar-1.0" : "plakar-1.1";
  }
  assertOneOf("like", like, Object.keys(HOSTS));
  const spoken = HOSTS[like].generation;
  if (generation !== undefined && generation !== spoken) {
    throw new RangeError(`option "generation": "${like}" speaks ${JSON.stringify(spoken)}, got ${shown(generation)}`);
  }
  return like;
}

function assertOneOf(option: string, value: unknown, known: readonly string[]): void {
  if (typeof value === "string" && known.includes(value)) return;
  const expected = known.map((each) => JSON.stringify(each)).join(" or ");
  throw new RangeError(`option "${option}": expected ${expected}, got ${shown(value)}`);
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
