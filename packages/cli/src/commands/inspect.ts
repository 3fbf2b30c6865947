import { HOSTS, type HostName } from "@kloset/host";
import { Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command.js";
import { cat } from "../inspect/cat.js";
import { scan, type ScanOptions } from "../inspect/scan.js";
import type { PluginOptions } from "../inspect/session.js";
import { configOption, jsonOption } from "../options.js";

const PLUGIN = [
  "<plugin>",
  "path of an executable, or of a module whose default export is a define… connector",
] as const;
const LOCATION = ["<location>", "location as in Plakar, such as fs:///home"] as const;

const DEFAULT_TIMEOUT_SECONDS = 20;
const DEFAULT_DEBUG_PORT = 9229;
const MAX_PORT = 65_535;
const MILLISECONDS = 1000;

/** Creates `kloset inspect`: runs any plugin without Plakar. */
export function inspectCommand(context: CommandContext): Command {
  const command = new Command("inspect").description("Runs a plugin as Plakar does, and shows what it answers.");

  withPluginOptions(command.command("scan"))
    .description("List the records of an importer: a table on a terminal, JSON Lines otherwise.")
    .argument(...PLUGIN)
    .argument(...LOCATION)
    .option("--read", "read all contents, and compare their sizes with the records")
    .action((plugin: string, location: string, options: ScanOptions) => scan(context, plugin, location, options));

  withPluginOptions(command.command("cat"))
    .description("Write the content of one entry to standard output.")
    .argument(...PLUGIN)
    .argument(...LOCATION)
    .argument("<path>", "pathname, as scan shows it")
    .option("--attribute <name>", "read this extended attribute of the entry instead")
    .action((plugin: string, location: string, path: string, options: PluginOptions & { attribute?: string }) =>
      cat(context, { plugin, location, path }, options),
    );

  return command;
}

function withPluginOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(
      new Option("--like <host>", "host to act as")
        .choices(Object.keys(HOSTS))
        .default("plakar-1.1" satisfies HostName),
    )
    .addOption(
      new Option("--timeout <seconds>", 'seconds that the plugin may take to start and to exit, or "none"')
        .argParser(parseTimeout)
        .default(DEFAULT_TIMEOUT_SECONDS * MILLISECONDS, String(DEFAULT_TIMEOUT_SECONDS)),
    )
    .option("--inspect-brk", "start a plugin for Node under its debugger, without time limits")
    .addOption(
      new Option("--inspect-port <port>", "port of the debugger, 0 for a free one")
        .argParser(parsePort)
        .default(DEFAULT_DEBUG_PORT),
    )
    .option("--trace <file>", "write a transcript of all calls, which replay reads")
    .addOption(jsonOption());
}

function parseTimeout(text: string): number {
  if (text === "none") return Infinity;
  const seconds = text.trim() === "" ? NaN : Number(text);
  if (seconds > 0 && Number.isFinite(seconds)) return seconds * MILLISECONDS;
  throw new InvalidArgumentError(`expected a number of seconds above 0, or none, got ${JSON.stringify(text)}.`);
}

function parsePort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port <= MAX_PORT) return port;
  throw new InvalidArgumentError(`expected a port from 0 to ${MAX_PORT}, got ${JSON.stringify(text)}.`);
}
