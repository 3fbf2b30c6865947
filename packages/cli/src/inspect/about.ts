import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openExporter,
  openImporter,
  openInventory,
  openSecretProvider,
  openStorage,
  PluginError,
  StatusCode,
  type ConnectorIdentity,
  type PluginConnection,
} from "@kloset/host";
import { LocationFlag } from "@kloset/model";
import type { CommandContext } from "../command.js";
import { CliError } from "../exit-code.js";
import type { LaunchedPlugin } from "../launch.js";
import { CONNECTOR_TYPES, type ConnectorType } from "../project.js";
import { declarationBeside, type Declaration } from "./declaration.js";
import { describeModule } from "./module-description.js";
import { write, writeJson } from "./output.js";
import { cliErrorOf, textOf, withLaunched, withProcess, type PluginOptions } from "./session.js";
import { shown } from "./shown.js";
import { tableText } from "./table.js";

/** A kind of connector that the plugin is. */
interface AnsweredKind {
  readonly connector: ConnectorType;
  /** The answer to Init. Undefined if the plugin rejected it. */
  readonly identity?: Omit<ConnectorIdentity, "flags"> & { readonly flags: readonly string[] };
  /** The reason why the plugin rejected Init, which tells nothing about its kind. */
  readonly rejected?: string;
}

/**
 * Runs `kloset inspect about`: asks a plugin which connectors it has, and reads their declaration. Without a location,
 * the plugin gets that of an empty folder, because exporters may create what their location names.
 */
export async function about(
  context: CommandContext,
  plugin: string,
  location: string | undefined,
  options: PluginOptions,
): Promise<void> {
  const folder = location === undefined ? await mkdtemp(join(tmpdir(), "kloset-about-")) : undefined;
  try {
    await withLaunched(context, plugin, options, async (launched) => {
      const kinds: AnsweredKind[] = [];
      // Each needs a process of its own: Init decides which connector a process is.
      for (const connector of CONNECTOR_TYPES) {
        const answer = await ask(context, launched, options, { connector, location: location ?? `about://${folder}` });
        if (answer !== undefined) kinds.push(answer);
      }
      const declarations = await declarationsOf(launched, context.signal);
      await report(context, { plugin, like: options.like, kinds, declarations }, options);
      if (kinds.length === 0)
        throw new CliError(`${JSON.stringify(plugin)} has no connector that "${options.like}" calls`);
    });
  } catch (error) {
    throw cliErrorOf(error);
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** @returns undefined if the plugin has no service of this kind. */
async function ask(
  context: CommandContext,
  launched: LaunchedPlugin,
  options: PluginOptions,
  { connector, location }: { readonly connector: ConnectorType; readonly location: string },
): Promise<AnsweredKind | undefined> {
  return await withProcess(context, launched, {
    options,
    work: async ({ connection }) => {
      try {
        const identity = await initOf(connector, connection, { location, config: options.option });
        return { connector, ...(identity !== undefined && { identity: withFlags(identity) }) };
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        return error.code === StatusCode.UNIMPLEMENTED ? undefined : { connector, rejected: textOf(error) };
      }
    },
  });
}

async function initOf(
  connector: ConnectorType,
  connection: PluginConnection,
  options: { readonly location: string; readonly config: Readonly<Record<string, string>> },
): Promise<ConnectorIdentity | undefined> {
  switch (connector) {
    case "importer":
    case "exporter":
    case "storage": {
      const open = { importer: openImporter, exporter: openExporter, storage: openStorage }[connector];
      const client = await open(connection, options);
      const identity = await client.identity();
      await client.close();
      return identity;
    }
    case "secret_provider":
      await (await openSecretProvider(connection, options)).close();
      return undefined;
    case "inventory":
      await (await openInventory(connection, options)).close();
      return undefined;
  }
}

function withFlags({ flags, ...identity }: ConnectorIdentity): NonNullable<AnsweredKind["identity"]> {
  const names = Object.entries(LocationFlag).flatMap(([name, bit]) =>
    (flags & bit) === 0 ? [] : [name.toLowerCase()],
  );
  return { ...identity, flags: names };
}

async function declarationsOf({ module, executable }: LaunchedPlugin, signal: AbortSignal): Promise<Declaration[]> {
  if (module === undefined) return await declarationBeside(executable);
  const { kind, schema, secrets } = await describeModule(module, signal);
  return [{ source: module, connector: kind, schema, secrets }];
}

async function report(
  { terminal }: CommandContext,
  result: { plugin: string; like: string; kinds: readonly AnsweredKind[]; declarations: readonly Declaration[] },
  options: PluginOptions,
): Promise<void> {
  if (options.json === true || !terminal.isTerminal) {
    await writeJson(terminal, result);
    return;
  }
  const rows = result.kinds.map(({ connector, identity, rejected }) => [
    connector,
    shown(identity?.type ?? ""),
    shown(identity?.root ?? ""),
    identity?.flags.join(" ") ?? "",
    rejected === undefined ? "" : `Init: ${rejected}`,
  ]);
  await write(terminal, `${tableText(rows, { head: ["CONNECTOR", "TYPE", "ROOT", "FLAGS", ""] })}\n`);
  for (const declaration of result.declarations) {
    await write(terminal, `\n${shown(declaration.source)}\n${linesOf(declaration)}\n`);
  }
}

function linesOf(declaration: Declaration): string {
  return JSON.stringify(declaration, undefined, 2).split("\n").map(shown).join("\n");
}
