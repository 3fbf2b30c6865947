import { JobError, openExporter, restore } from "@kloset/host";
import type { CommandContext } from "../command.js";
import { ExitCode } from "../exit-code.js";
import { folderEntries } from "./folder-entries.js";
import { write, writeJson } from "./output.js";
import { textOf, withPlugin, type PluginOptions } from "./session.js";
import { bytesText, shown } from "./shown.js";

/** Runs `kloset inspect export`: restores a local folder through an exporter, as Plakar restores a snapshot. */
export async function exportFolder(
  context: CommandContext,
  target: { readonly plugin: string; readonly location: string; readonly folder: string },
  options: PluginOptions,
): Promise<void> {
  const { terminal } = context;
  const { plugin, location, folder } = target;
  const isJson = options.json === true || !terminal.isTerminal;
  const line = (value: Readonly<Record<string, string>>, text: string): void => {
    terminal.out(isJson ? `${JSON.stringify(value)}\n` : `${text}\n`);
  };
  const counts = { entries: 0, errors: 0, bytes: 0, skipped: 0 };
  await withPlugin(context, plugin, options, async ({ connection, signal }) => {
    const exporter = await openExporter(connection, { location, config: options.option });
    try {
      const summary = await restore(exporter, folderEntries(folder), {
        signal,
        onRestored: (pathname) => {
          counts.entries++;
          line({ type: "restored", pathname }, shown(pathname));
        },
        onError: (pathname, error) => {
          counts.errors++;
          const message = textOf(error);
          line({ type: "error", pathname, message }, `error: ${shown(pathname)}: ${message}`);
        },
      });
      Object.assign(counts, summary);
    } catch (error) {
      // The entries that failed are shown already.
      if (!(error instanceof JobError)) throw error;
    }
  });
  const { entries, errors, bytes, skipped } = counts;
  if (isJson) await writeJson(terminal, { type: "summary", ...counts });
  else await write(terminal, `${entries} entries, ${bytesText(bytes)}, ${skipped} skipped, ${errors} errors\n`);
  if (errors > 0) context.exitWith(ExitCode.FAILED);
}
