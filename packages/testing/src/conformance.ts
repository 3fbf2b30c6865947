import {
  checkConformance,
  isFailure,
  type ConnectorKind,
  type Launch,
  type Launched,
  type Outcome,
  type Report,
  type RunOptions,
  type Subject,
} from "@kloset/conformance";
import type { PluginExit } from "@kloset/host";
import type { Connectors } from "@kloset/sdk/embedding";
import { MemoryPlugin } from "./memory-plugin.js";
import { factoryOf, isDefined, propertyOf, wrongModule, type ConnectorModule } from "./module.js";

/** Options of {@link testConformance}: those of the kit, for the plugin and for the checks. */
export interface ConformanceOptions extends Omit<Subject, "connector" | "executable" | "launch">, RunOptions {
  /** The kind of connector. Needed for an executable and for a factory. Default: that of the definition. */
  readonly connector?: ConnectorKind | undefined;
}

/** A plugin that does not conform. */
export class ConformanceError extends Error {
  override readonly name = "ConformanceError";
  /** The outcome of every rule. */
  readonly report: Report;

  constructor(report: Report) {
    const broken = report.outcomes.filter((outcome) => isFailure(outcome) || outcome.verdict === "not asked");
    const lines = broken.map(lineOf);
    super([summaryOf(report, broken.length), ...lines].join("\n"));
    this.report = report;
  }
}

/**
 * Checks a connector against every rule that released hosts rely on, in both generations: the kit of
 * `@kloset/conformance` as one call. A connector runs in memory, which proves nothing about processes: their exit, their
 * output, and the files and processes that they leave behind. For that, pass the path of the executable.
 *
 * @param plugin - The path of an executable, the default export of a module with a `define…` function, or a factory.
 * @param options - `location` is needed: see `Subject`. An exporter or storage has {directory} or {unique} in it.
 * @returns The report, with the outcome of every rule.
 * @throws ConformanceError that names every broken rule, or if no rule could be checked. TypeError for anything that is no
 * plugin, or if `connector` is missing. RangeError for other invalid options. The signal's reason when it is aborted.
 * @example
 * it("conforms", () => testConformance(bucket, { location: "bucket://{unique}" }), 120_000);
 */
export async function testConformance(
  plugin: string | { [Kind in ConnectorKind]: ConnectorModule<Kind> }[ConnectorKind],
  options: ConformanceOptions,
): Promise<Report> {
  const connector = options.connector ?? (isDefined(plugin) ? plugin.kind : undefined);
  if (typeof plugin !== "string" && typeof plugin !== "function" && !isDefined(plugin)) {
    throw wrongModule(plugin, connector, "testConformance");
  }
  if (connector === undefined) {
    const what = typeof plugin === "string" ? "an executable" : "a factory";
    throw new TypeError(`testConformance(): ${what} does not tell its kind: state "connector"`);
  }
  const subject: Subject =
    typeof plugin === "string"
      ? { ...options, connector, executable: plugin }
      : { ...options, connector, executable: "in memory", launch: launchInMemory(connectorsOf(plugin, connector)) };
  const report = await checkConformance(subject, options);
  if (!report.ok) throw new ConformanceError(report);
  return report;
}

function connectorsOf(module: Exclude<Parameters<typeof testConformance>[0], string>, kind: ConnectorKind): Connectors {
  return { [propertyOf(kind)]: factoryOf(module as ConnectorModule<typeof kind>, kind, "testConformance") };
}

/** The longest time that the kit gives a plugin to end, in milliseconds. */
const END_MS = 10_000;

/** Starts plugins in memory for the kit, in place of processes. */
function launchInMemory(connectors: Connectors): Launch {
  return async (): Promise<Launched> => {
    const plugin = await MemoryPlugin.start(connectors);
    let log = "";
    let exit: PluginExit = { code: null, signal: "SIGKILL" };
    const exited = plugin.ended.then(
      () => (exit = { code: 0, signal: null }),
      (error: unknown) => {
        log = error instanceof Error ? error.message : String(error);
        return (exit = { code: 1, signal: null });
      },
    );
    const stop: Launched["stop"] = async () => {
      await plugin.end(END_MS).catch(() => undefined);
      return exit;
    };
    return { transport: plugin.transport, pid: undefined, exited, stderrText: () => log, stop, kill: stop };
  };
}

function summaryOf({ subject: { connector }, counts }: Report, broken: number): string {
  if (broken === 0) return `no rule could be checked on the ${connector}`;
  const rules = broken === 1 ? "1 rule" : `${broken} rules`;
  return `the ${connector} breaks ${rules} and keeps ${counts.passed}:`;
}

function lineOf({ rule, generation, verdict, message, because }: Outcome): string {
  const why = verdict === "failed" ? ` (why it matters: ${because})` : "";
  return `- ${rule}, ${generation}: ${message ?? verdict}${why}`;
}
