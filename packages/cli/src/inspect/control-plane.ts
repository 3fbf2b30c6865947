import { openInventory, openSecretProvider, type ListedEntry } from "@kloset/host";
import type { CommandContext } from "../command.js";
import { write, writeJson } from "./output.js";
import { withPlugin, type PluginOptions } from "./session.js";
import { shown } from "./shown.js";
import { tableText } from "../table.js";

/** Runs `kloset inspect resolve`: prints a secret. */
export async function resolveSecret(
  context: CommandContext,
  plugin: string,
  handle: string,
  options: PluginOptions & { readonly location?: string | undefined },
): Promise<void> {
  const { terminal } = context;
  await withPlugin(context, plugin, options, async ({ connection, signal }) => {
    const provider = await openSecretProvider(connection, { location: options.location, config: options.option });
    const secret = await provider.resolve(handle, signal);
    // Not masked: the user asks for it.
    if (options.json === true) await write(terminal, `${JSON.stringify({ handle, secret })}\n`);
    else await write(terminal, terminal.isTerminal ? `${shown(secret)}\n` : secret);
    await provider.close();
  });
}

/** Columns before the URN. */
const WIDTHS = [14, 14, 24];

/** Runs `kloset inspect inventory`: lists the resources. */
export async function inventory(
  context: CommandContext,
  plugin: string,
  location: string,
  options: PluginOptions,
): Promise<void> {
  const { terminal } = context;
  const isJson = options.json === true || !terminal.isTerminal;
  const row = (cells: string[]): string => `${tableText([cells], { widths: WIDTHS })}\n`;
  await withPlugin(context, plugin, options, async ({ connection, signal }) => {
    const client = await openInventory(connection, { location, config: options.option });
    let entries = 0;
    if (!isJson) await write(terminal, row(["CLASS", "SUBCLASS", "NAME", "URN"]));
    for await (const entry of client.list(signal)) {
      entries++;
      const { class: name, subclass, urn, name: title } = entry;
      if (isJson) await writeJson(terminal, { type: "entry", ...entryJson(entry) });
      else await write(terminal, row([name, subclass, title, urn].map(shown)));
    }
    await client.close();
    if (isJson) await writeJson(terminal, { type: "summary", entries });
    else await write(terminal, `${entries} entries\n`);
  });
}

/** The details are JSON by convention, and base64 otherwise. */
function entryJson({ details, ...entry }: ListedEntry): object {
  if (details.length === 0) return entry;
  try {
    return { ...entry, details: JSON.parse(Buffer.from(details).toString()) as unknown };
  } catch {
    return { ...entry, details: Buffer.from(details).toString("base64") };
  }
}
