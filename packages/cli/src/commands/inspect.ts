import { HOSTS, type HostName } from "@kloset/host";
import { Mac, type Range, type ResourceKind } from "@kloset/model";
import { Command, InvalidArgumentError, Option } from "commander";
import type { CommandContext } from "../command.js";
import { about } from "../inspect/about.js";
import { cat } from "../inspect/cat.js";
import { inventory, resolveSecret } from "../inspect/control-plane.js";
import { exportFolder } from "../inspect/export.js";
import { scan, type ScanOptions } from "../inspect/scan.js";
import type { PluginOptions } from "../inspect/session.js";
import { replay, type ReplayCommandOptions } from "../inspect/replay.js";
import { check, get, list, put, remove, RESOURCE_KINDS, type StoreOptions } from "../inspect/store.js";
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

  withPluginOptions(command.command("export"))
    .description("Restore a local folder through an exporter.")
    .argument(...PLUGIN)
    .argument(...LOCATION)
    .argument("<from-folder>", "folder to restore")
    .action((plugin: string, location: string, folder: string, options: PluginOptions) =>
      exportFolder(context, { plugin, location, folder }, options),
    );

  command.addCommand(storeCommand(context));

  withPluginOptions(command.command("resolve"))
    .description("Print a secret of a secret provider.")
    .argument(...PLUGIN)
    .argument("<handle>", "name of the secret")
    .option("--location <location>", "location of the secret provider, if it needs one")
    .action((plugin: string, handle: string, options: PluginOptions & { location?: string }) =>
      resolveSecret(context, plugin, handle, options),
    );

  withPluginOptions(command.command("inventory"))
    .description("List the resources of an inventory.")
    .argument(...PLUGIN)
    .argument(...LOCATION)
    .action((plugin: string, location: string, options: PluginOptions) =>
      inventory(context, plugin, location, options),
    );

  withPluginOptions(command.command("about"))
    .description("Show which connectors a plugin has, their flags, and the schema of their configuration.")
    .argument(...PLUGIN)
    .argument("[location]", "location to send, so that the plugin can answer with its root and flags")
    .action((plugin: string, location: string | undefined, options: PluginOptions) =>
      about(context, plugin, location, options),
    );

  withPluginOptions(command.command("replay"), { like: undefined })
    .description("Make the calls of a transcript, and compare the answers.")
    .argument(...PLUGIN)
    .argument("<file>", "transcript, as --trace writes it")
    .option("--location <location>", "location to send instead of the recorded one")
    .action((plugin: string, file: string, options: ReplayCommandOptions) => replay(context, plugin, file, options));

  return command;
}

function storeCommand(context: CommandContext): Command {
  const command = new Command("store").description("Work on the resources of a storage.");
  const subcommand = (name: string, description: string): Command =>
    withPluginOptions(command.command(name))
      .description(description)
      .argument(...PLUGIN)
      .argument(...LOCATION)
      .option("--create", "create the repository first, with an empty configuration");

  subcommand("put", "Store a file as a resource, and print its MAC.")
    .argument("<kind>", KIND_HELP, parseKind)
    .argument("<file>", "file to store")
    .addOption(new Option("--mac <mac>", "MAC of the resource; by default the SHA-256 of the file").argParser(parseMac))
    .action(
      (plugin: string, location: string, kind: ResourceKind, file: string, options: StoreOptions & { mac?: Mac }) =>
        put(context, { plugin, location }, { kind, file }, options),
    );
  subcommand("get", "Write a resource to standard output.")
    .argument("<kind>", KIND_HELP, parseKind)
    .argument("<mac>", MAC_HELP, parseMac)
    .addOption(new Option("--range <offset:length>", "read only these bytes").argParser(parseRange))
    .action(
      (plugin: string, location: string, kind: ResourceKind, mac: Mac, options: StoreOptions & { range?: Range }) =>
        get(context, { plugin, location }, { kind, mac }, options),
    );
  subcommand("list", "List the resources of a kind, by default all packfiles, states and locks.")
    .argument("[kind]", KIND_HELP, parseKind)
    .action((plugin: string, location: string, kind: ResourceKind | undefined, options: StoreOptions) =>
      list(context, { plugin, location }, kind, options),
    );
  subcommand("delete", "Delete a resource.")
    .argument("<kind>", KIND_HELP, parseKind)
    .argument("<mac>", MAC_HELP, parseMac)
    .action((plugin: string, location: string, kind: ResourceKind, mac: Mac, options: StoreOptions) =>
      remove(context, { plugin, location }, { kind, mac }, options),
    );
  subcommand("check", "Store a packfile, read it in several ways, and delete it.").action(
    (plugin: string, location: string, options: StoreOptions) => check(context, { plugin, location }, options),
  );
  return command;
}

const KIND_HELP = RESOURCE_KINDS.join(", ");
const MAC_HELP = "name of the resource, 64 hexadecimal digits";

function withPluginOptions(
  command: Command,
  { like }: { readonly like: HostName | undefined } = { like: "plakar-1.1" },
): Command {
  const likeOption = new Option("--like <host>", "host to act as").choices(Object.keys(HOSTS));
  if (like !== undefined) likeOption.default(like);
  return command
    .addOption(
      new Option("--arg <argument>", "argument of the plugin; may be repeated")
        .argParser((text: string, previous: readonly string[]) => [...previous, text])
        .default([], "none"),
    )
    .addOption(configOption())
    .addOption(likeOption)
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

function parseKind(text: string): ResourceKind {
  const kind = RESOURCE_KINDS.find((each) => each === text);
  if (kind !== undefined) return kind;
  throw new InvalidArgumentError(`expected ${RESOURCE_KINDS.join(", ")}, got ${JSON.stringify(text)}.`);
}

function parseMac(text: string): Mac {
  try {
    return Mac.fromHex(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function parseRange(text: string): Range {
  const [, offset, length] = /^(\d{1,15}):(\d{1,10})$/.exec(text) ?? [];
  if (offset !== undefined && length !== undefined) return { offset: Number(offset), length: Number(length) };
  throw new InvalidArgumentError(`expected OFFSET:LENGTH in bytes, got ${JSON.stringify(text)}.`);
}
