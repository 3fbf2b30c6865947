import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PluginError, StatusCode, type ConnectorIdentity } from "@kloset/host";
import type { CommandContext } from "../command.js";
import { flagNamesOf, identityOf } from "../connector-identity.js";
import { describeModule } from "../describe-module.js";
import { CliError } from "../exit-code.js";
import type { LaunchedPlugin } from "../launch.js";
import { CONNECTOR_TYPES, type ConnectorType } from "../project.js";
import { declarationBeside, type Declaration } from "./declaration.js";
import { write, writeJson } from "./output.js";
import { cliErrorOf, textOf, withLaunched, withProcess, type PluginOptions } from "./session.js";
import { shown } from "./shown.js";
import { tableText } from "../table.js";

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
        const identity = await identityOf(connector, connection, { location, config: options.option });
        if (identity === undefined) return { connector };
        return { connector, identity: { ...identity, flags: flagNamesOf(identity.flags) } };
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        return error.code === StatusCode.UNIMPLEMENTED ? undefined : { connector, rejected: textOf(error) };
      }
    },
  });
}

async function declarationsOf({ module, executable }: LaunchedPlugin, signal: AbortSignal): Promise<Declaration[]> {
  if (module === undefined) return await declarationBeside(executable);
  const { kind, schema, secrets, problem } = await describeModule(module, signal);
  if (schema === undefined) throw new CliError(`${module}: its options have no JSON Schema: ${problem ?? ""}`);
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
