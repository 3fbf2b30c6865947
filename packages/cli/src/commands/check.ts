import type { Generation } from "@kloset/host";
import { Command, InvalidArgumentError, Option } from "commander";
import type { CheckRequest } from "../check/run.js";
import type { CommandContext } from "../command.js";
import { parseLocation, type GivenLocation } from "../manifest/locations.js";
import { configOption, jsonOption } from "../options.js";

const MILLISECONDS = 1000;
const MAX_TIMEOUT_SECONDS = 1_000_000;

interface Options extends Pick<CheckRequest, "only" | "handle" | "junit" | "known" | "persistent"> {
  readonly location: readonly GivenLocation[];
  readonly option: Readonly<Record<string, string>>;
  readonly fix?: boolean;
  readonly strict?: boolean;
  readonly directory: boolean;
  readonly generation?: Generation;
  readonly timeout?: number;
  readonly rule?: readonly string[];
  readonly json?: boolean;
}

/** Creates `kloset check`: the linter of manifests, and the conformance kit. */
export function checkCommand(context: CommandContext): Command {
  return new Command("check")
    .description("Checks manifest.yaml, the files that it names, and with --location the behavior of its connectors.")
    .argument("[target]", "folder or path of manifest.yaml", ".")
    .addOption(
      new Option(
        "-l, --location <[type=]location>",
        "location to open connectors at, as <protocol>://<rest>; for one type of connector: importer=<protocol>://<rest>; " +
          "{directory} becomes a new empty folder, {unique} a new name; may be repeated",
      )
        .argParser((text, previous: readonly GivenLocation[]) => [...previous, locationOf(text)])
        .default([], "none"),
    )
    .addOption(configOption())
    .addOption(new Option("--only <part>", "check only this part").choices(["manifest", "conformance"]))
    .option("--fix", "correct what is safe to correct")
    .option("--strict", "fail on warnings, too")
    .addOption(
      new Option("-g, --generation <generation>", "the only generation that the plugin speaks (default: both)").choices(
        ["v1.0", "v1.1"],
      ),
    )
    .option("--handle <handle>", "for secret providers: the handle of a secret that exists")
    .option("--no-directory", "the connectors do not read from or write to {directory} themselves")
    .option("--no-persistent", "storages lose their resources when their process ends")
    .option("--timeout <seconds>", "time limit for one check of the kit (default: 60)", seconds)
    .option(
      "--rule <prefix>",
      "check only the rule of the kit with this id, or all whose id starts with this; may be repeated",
      (text: string, previous?: readonly string[]) => [...(previous ?? []), text],
    )
    .option("--known <file>", 'JSON list of known deviations from the kit: [{ "rule", "generation"?, "reason" }]')
    .option("--junit <file>", "write the results of the kit as JUnit XML")
    .addOption(jsonOption())
    .action(async (target: string, options: Options) => {
      const {
        location,
        option,
        fix = false,
        strict = false,
        json = false,
        directory,
        generation,
        timeout,
        rule = [],
        ...rest
      } = options;
      // Loads the kit and the libraries of the linter only when they are needed.
      const { check } = await import("../check/run.js");
      await check(
        {
          ...{ target, locations: location, config: option, fix, strict, json, rules: rule },
          ...(timeout !== undefined && { timeoutMs: timeout * MILLISECONDS }),
          ...(!directory && { directory: false }),
          ...(generation !== undefined && { generations: [generation] }),
          ...rest,
        },
        context,
      );
    });
}

function locationOf(text: string): GivenLocation {
  try {
    return parseLocation(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < MAX_TIMEOUT_SECONDS))
    throw new InvalidArgumentError(`expected a number of seconds above 0, got ${JSON.stringify(text)}.`);
  return value;
}
