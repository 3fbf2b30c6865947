import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Generation } from "@kloset/host";
import { readDeviations, type Deviation } from "../deviations.js";
import { DEFAULT_TIMEOUT_MS } from "../run.js";
import { CONNECTORS, GENERATIONS, type ConnectorKind, type Subject } from "../subject.js";

/** The parsed command line. */
export interface Request {
  readonly subject: Subject;
  readonly deviations: readonly Deviation[];
  /** Ids of rules, or prefixes of ids; empty for all rules. */
  readonly rules: readonly string[];
  /** Fails broken rules of level robustness, too. */
  readonly strict: boolean;
  readonly timeoutMs: number;
  /** The file for the JSON report; "-" for standard output. */
  readonly json: string | undefined;
  /** The file for the JUnit report. */
  readonly junit: string | undefined;
  /** Prints broken rules and the summary only. */
  readonly quiet: boolean;
}

interface Options {
  readonly connector: ConnectorKind;
  readonly location: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly generation?: Generation[];
  readonly known?: string;
  readonly rule?: string[];
  readonly strict?: boolean;
  readonly timeout: number;
  readonly json?: string;
  readonly junit?: string;
  readonly quiet?: boolean;
  readonly directory?: boolean;
  readonly readBack?: string;
  readonly seed?: string;
  readonly companionArg?: string[];
  readonly companionConfig?: Readonly<Record<string, string>>;
  readonly persistent: boolean;
  readonly handle?: string;
}

/** The actions of the command. */
export interface Actions {
  readonly check: (request: Request) => Promise<void>;
  readonly list: () => void;
}

const MILLISECONDS = 1000;

/** Creates the command. Wrong usage is reported on stderr and thrown as a CommanderError. */
export function conformanceCommand({ check, list }: Actions): Command {
  const command = new Command("kloset-conformance")
    .description("Checks a plugin executable, written in any language, against the behavior that Plakar relies on.")
    .version(ownVersion())
    .exitOverride()
    .showHelpAfterError("(--help shows all options)");
  const checking = command
    .command("check", { isDefault: true })
    .description("start the plugin over pipes, as Plakar does, and check every rule (default)")
    .argument("<executable>", "path of the plugin")
    .argument("[args...]", "arguments of the plugin; put -- before its options")
    .addOption(connectorOption())
    .requiredOption(
      "-l, --location <location>",
      "location, as <protocol>://<rest>; {directory} becomes a new empty folder for each rule, {unique} a new name",
    )
    .option("-o, --config <key=value>", "configuration of the plugin; may be repeated", keyValue)
    .addOption(generationOption())
    .option("--known <file>", 'JSON list of known deviations: [{ "rule", "generation"?, "reason" }]')
    .option(
      "--rule <prefix>",
      "check only the rule with this id, or all whose id starts with this; may be repeated",
      collect,
    )
    .option("--strict", "fail on broken robustness rules, which are warnings otherwise")
    .option("--timeout <seconds>", "time limit for one check", seconds, DEFAULT_TIMEOUT_MS / MILLISECONDS)
    .option("--no-directory", "the plugin does not read from or write to {directory} itself")
    .option(
      "--read-back <importer>",
      "for an exporter that writes elsewhere: path of the plugin's importer, which reads back what was restored",
    )
    .option(
      "--seed <exporter>",
      "for an importer that reads from elsewhere: path of the plugin's exporter, which fills the source for each rule",
    )
    .option("--companion-arg <arg>", "argument of the executable of --read-back or --seed; may be repeated", collect)
    .option(
      "--companion-config <key=value>",
      "configuration of that executable in place of --config; may be repeated",
      keyValue,
    )
    .option("--handle <handle>", "for a secret provider: the handle of a secret that exists")
    .option("--no-persistent", "the storage loses its resources when its process ends")
    .option("--json <file>", 'write the report as JSON; "-" for standard output')
    .option("--junit <file>", "write the report as JUnit XML")
    .option("-q, --quiet", "print only broken rules and the summary")
    .action(async (executable: string, args: string[], options: Options) => {
      await check(await requestOf(executable, args, options));
    });
  command.addHelpText("after", () => `\n${checking.helpInformation()}`);
  command.command("rules").description("list all rules").action(list);
  return command;
}

async function requestOf(executable: string, args: string[], options: Options): Promise<Request> {
  const {
    connector,
    location,
    config = {},
    generation,
    known,
    rule = [],
    strict = false,
    timeout,
    json,
    junit,
    quiet = false,
    persistent,
  } = options;
  const subject = {
    ...{ connector, executable, args, location, config, persistent },
    ...(generation !== undefined && { generations: generation }),
    // Unless it is false, the location decides.
    ...(options.directory === false && { directory: false }),
    ...(options.handle !== undefined && { handle: options.handle }),
    ...companionOf(options),
  };
  const deviations = known === undefined ? [] : await readDeviations(known);
  return { subject, deviations, rules: rule, strict, timeoutMs: timeout * MILLISECONDS, json, junit, quiet };
}

/** Returns the other executable of the plugin. @throws RangeError for its options without it. */
function companionOf({ readBack, seed, companionArg, companionConfig }: Options): Pick<Subject, "readBack" | "seed"> {
  const more = {
    ...(companionArg !== undefined && { args: companionArg }),
    ...(companionConfig !== undefined && { config: companionConfig }),
  };
  if (readBack === undefined && seed === undefined && Object.keys(more).length > 0)
    throw new RangeError("--companion-arg and --companion-config need --read-back or --seed");
  return {
    ...(readBack !== undefined && { readBack: { executable: readBack, ...more } }),
    ...(seed !== undefined && { seed: { executable: seed, ...more } }),
  };
}

function connectorOption(): Option {
  return new Option("-c, --connector <kind>", "kind of connector").choices([...CONNECTORS]).makeOptionMandatory();
}

/** Not variadic: a variadic option would take the executable as one more value. */
function generationOption(): Option {
  return new Option(
    "-g, --generation <generation>",
    `one of ${GENERATIONS.join(", ")}; may be repeated, default: both`,
  ).argParser((text, previous?: readonly Generation[]) => {
    const generation = GENERATIONS.find((each) => each === text);
    if (generation === undefined) throw new InvalidArgumentError(`Allowed choices are ${GENERATIONS.join(", ")}.`);
    return [...new Set(previous).add(generation)];
  });
}

function keyValue(text: string, previous?: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected key=value.");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** Returns the version of this package, from its manifest. */
function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e6)) throw new InvalidArgumentError("Expected a number of seconds greater than 0.");
  return value;
}
