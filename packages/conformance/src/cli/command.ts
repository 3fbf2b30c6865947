import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Generation } from "@kloset/host";
import { deviationsFromJson, type Deviation } from "../deviations.js";
import type { ConnectorKind, Subject } from "../subject.js";

/** What the user asked for. */
export interface Request {
  readonly subject: Subject;
  readonly deviations: readonly Deviation[];
  /** Beginnings of ids; all rules when empty. */
  readonly rules: readonly string[];
  readonly timeoutMs: number;
  /** File for the JSON report; "-" for standard output. */
  readonly json: string | undefined;
  /** File for the JUnit report. */
  readonly junit: string | undefined;
  /** Print failures and the sum only. */
  readonly quiet: boolean;
}

interface Options {
  readonly connector: ConnectorKind;
  readonly location: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly generation?: Generation[];
  readonly known?: string;
  readonly rule?: string[];
  readonly timeout: number;
  readonly json?: string;
  readonly junit?: string;
  readonly quiet?: boolean;
  readonly directory?: boolean;
  readonly persistent: boolean;
}

/** What the command does. The request is undefined when it only lists the rules. */
export interface Actions {
  readonly check: (request: Request) => Promise<void>;
  readonly list: () => void;
}

const GENERATIONS: readonly Generation[] = ["v1.0", "v1.1"];
const MILLISECONDS = 1000;

/** The command line. Wrong usage is told on stderr, and thrown as CommanderError. */
export function conformanceCommand({ check, list }: Actions): Command {
  const command = new Command("kloset-conformance")
    .description("Checks a plugin executable, in any language, against what Plakar's hosts rely on.")
    .version(ownVersion())
    .exitOverride()
    .showHelpAfterError("(--help shows all options)");
  const checking = command
    .command("check", { isDefault: true })
    .description("start the plugin over pipes, as hosts do, and check every rule (default)")
    .argument("<executable>", "path of the plugin")
    .argument("[args...]", "its arguments; options of the plugin go after --")
    .addOption(connectorOption())
    .requiredOption(
      "-l, --location <location>",
      "where it works, as <protocol>://<rest>; {directory} is a new empty folder for each rule, {unique} a new name",
    )
    .option("-o, --config <key=value>", "the plugin's own configuration; may be given several times", keyValue)
    .addOption(generationOption())
    .option("--known <file>", 'JSON list of known deviations: [{ "rule", "generation"?, "reason" }]')
    .option("--rule <prefix>", "only rules whose id begins so; may be given several times", collect)
    .option("--timeout <seconds>", "how long one check may take", seconds, 60)
    .option("--no-directory", "{directory} is not what the plugin reads or writes itself")
    .option("--no-persistent", "a storage that keeps nothing for the next process")
    .option("--json <file>", 'write the report as JSON; "-" for standard output')
    .option("--junit <file>", "write the report as JUnit XML")
    .option("-q, --quiet", "print only what needs attention")
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
    timeout,
    json,
    junit,
    quiet = false,
    persistent,
  } = options;
  const subject = {
    ...{ connector, executable, args, location, config, persistent },
    ...(generation !== undefined && { generations: generation }),
    // Only what was said: the location tells otherwise.
    ...(options.directory === false && { directory: false }),
  };
  const deviations = known === undefined ? [] : await readDeviations(known);
  return { subject, deviations, rules: rule, timeoutMs: timeout * MILLISECONDS, json, junit, quiet };
}

async function readDeviations(file: string): Promise<Deviation[]> {
  try {
    return deviationsFromJson(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new RangeError(`${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function connectorOption(): Option {
  return new Option("-c, --connector <kind>", "what it is checked as")
    .choices(["importer", "exporter", "storage"])
    .makeOptionMandatory();
}

/** Not variadic: that would take the executable for one more. */
function generationOption(): Option {
  return new Option(
    "-g, --generation <generation>",
    `one of ${GENERATIONS.join(", ")}; may be given several times, default: both`,
  ).argParser((text, previous?: readonly Generation[]) => {
    const generation = GENERATIONS.find((each) => each === text);
    if (generation === undefined) throw new InvalidArgumentError(`Allowed choices are ${GENERATIONS.join(", ")}.`);
    return [...new Set(previous).add(generation)];
  });
}

function keyValue(text: string, previous?: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be key=value.");
  return { ...previous, [text.slice(0, at)]: text.slice(at + 1) };
}

function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

/** The package's: where it is installed it stands two folders above, as here. */
function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return version;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e6)) throw new InvalidArgumentError("It must be a number of seconds above 0.");
  return value;
}
