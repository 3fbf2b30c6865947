import { openImporter, type ImporterClient, type ScannedRecord } from "@kloset/host";
import { isRegularFile } from "@kloset/model";
import type { CommandContext } from "../command.js";
import { CliError } from "../exit-code.js";
import { write } from "./output.js";
import { assertSize } from "./scan.js";
import { withPlugin, type PluginOptions } from "./session.js";

/** Runs `kloset inspect cat`: scans until the entry, and writes its content to standard output. */
export async function cat(
  context: CommandContext,
  target: { readonly plugin: string; readonly location: string; readonly path: string },
  options: PluginOptions & { readonly attribute?: string | undefined },
): Promise<void> {
  const { plugin, location, path } = target;
  await withPlugin(context, plugin, options, async ({ connection, signal }) => {
    const importer = await openImporter(connection, { location, config: options.option });
    await importer.identity(signal);
    await find(importer, { path, attribute: options.attribute, location }, signal, async (found) => {
      let bytes = 0;
      for await (const chunk of importer.open(found, signal)) {
        bytes += chunk.length;
        await write(context.terminal, chunk);
      }
      if (options.attribute === undefined) assertSize(found, bytes);
    });
    await importer.close();
  });
}

/** Scans until an entry is found, uses it while the scan runs, as hosts do, and cancels the rest of the scan. */
async function find(
  importer: ImporterClient,
  wanted: { readonly path: string; readonly attribute: string | undefined; readonly location: string },
  signal: AbortSignal,
  use: (record: ScannedRecord) => Promise<void>,
): Promise<void> {
  const { path, attribute, location } = wanted;
  const scan = importer.scan(signal);
  let scanned = 0;
  for await (const record of scan) {
    scanned++;
    if (record.pathname === path && record.attribute?.name === attribute) {
      assertReadable(record);
      await use(record);
      return;
    }
    await scan.acknowledge(record);
  }
  await scan.finish();
  const what = attribute === undefined ? "entry" : `attribute ${JSON.stringify(attribute)} of`;
  throw new CliError(
    `no ${what} ${JSON.stringify(path)} in ${JSON.stringify(location)}: the scan of ${scanned} records has other ` +
      `pathnames; "kloset inspect scan" lists them`,
  );
}

function assertReadable({ pathname, fileInfo, error, attribute }: ScannedRecord): void {
  if (error !== undefined) throw new Error(`cannot read ${JSON.stringify(pathname)}: ${error}`);
  if (attribute !== undefined || (fileInfo !== undefined && isRegularFile(fileInfo.mode))) return;
  throw new CliError(`${JSON.stringify(pathname)} is not a regular file`);
}
