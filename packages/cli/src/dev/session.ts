import { CliError } from "../exit-code.js";
import type { DevBuild } from "./build.js";
import type { InstalledPlugin } from "./plakar.js";
import type { RecordSet } from "./records.js";
import type { DevEvent } from "./report.js";
import type { RunResult } from "./run-plugin.js";

/** The steps of a cycle. */
export interface DevSteps {
  /** Bundles the sources. @throws CliError if they cannot be compiled. */
  readonly build: () => Promise<DevBuild>;
  /** Runs the plugin. Absent without a location. */
  readonly run?: (build: DevBuild, signal: AbortSignal) => Promise<RunResult>;
  /** Installs the plugin in Plakar. Absent without `--plakar`. */
  readonly install?: (build: DevBuild, signal: AbortSignal) => Promise<InstalledPlugin>;
  readonly report: (event: DevEvent) => void;
}

/** The state of `kloset dev` between cycles: the last build and the last records that were good. */
export class DevSession {
  readonly #steps: DevSteps;
  readonly #type: string;
  #digest: string | undefined;
  #records: RecordSet | undefined;

  /** @param type - Type of the connector, for messages. */
  constructor(type: string, steps: DevSteps) {
    this.#type = type;
    this.#steps = steps;
  }

  /**
   * Builds, runs, compares and installs. Reports the failures that the author can mend; the next cycle then compares with
   * the last scan that succeeded.
   *
   * @throws Error for any other failure, and the reason of the signal if it is aborted.
   */
  async cycle(signal: AbortSignal): Promise<void> {
    const { build, run, install, report } = this.#steps;
    const built = await attempt(build, signal);
    if (built instanceof Error) {
      report({ event: "build", error: built.message });
      return;
    }
    if (built.digest === this.#digest) {
      report({ event: "unchanged" });
      return;
    }
    // Set again once everything has succeeded: saving a file repeats a failure.
    this.#digest = undefined;
    const result = run === undefined ? undefined : await attempt(() => run(built, signal), signal);
    if (result instanceof Error) report({ event: "run", error: result.message });
    else if (result !== undefined) this.#compare(result);
    const installed = install === undefined ? undefined : await attempt(() => install(built, signal), signal);
    if (installed instanceof Error) report({ event: "package", error: installed.message });
    else if (installed !== undefined) report({ event: "package", ...installed });
    if (!(result instanceof Error || installed instanceof Error)) this.#digest = built.digest;
  }

  #compare(result: RunResult): void {
    const { report } = this.#steps;
    if (!("records" in result)) {
      report({ event: "start", type: this.#type, ...(result.identity !== undefined && { identity: result.identity }) });
      return;
    }
    report({ event: "scan", before: this.#records, after: result.records });
    this.#records = result.records;
  }
}

/** Names of the errors that a plugin, its source or its project causes, among them those of `@kloset/host`. */
const AUTHOR_ERRORS = new Set([
  "CliError",
  "PluginError",
  "PluginConnectionError",
  "PluginContractError",
  "RangeError",
]);

async function attempt<T>(step: () => Promise<T>, signal: AbortSignal): Promise<T | Error> {
  try {
    const result = await step();
    signal.throwIfAborted();
    return result;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CliError || (error instanceof Error && AUTHOR_ERRORS.has(error.name))) return error;
    throw error;
  }
}
