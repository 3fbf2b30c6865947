import { fileInfoOf } from "@kloset/model";
import type { ByteSource } from "@kloset/model";
import type { ExporterClient } from "@kloset/host";

/**
 * Restores one file as a host of the client's generation does.
 *
 * @throws The error that the plugin reports for the file, or that ended the call.
 */
export async function storeOne(
  client: ExporterClient,
  pathname: string,
  content: ByteSource,
  size: number,
): Promise<void> {
  if (client.generation === "v1.0") {
    await client.storeFile(pathname, content, size);
    return;
  }
  const stream = client.export();
  const sending = (async () => {
    await stream.sendRecord({ pathname, fileInfo: fileInfoOf({ size }) });
    await stream.sendContent(content);
    await stream.endContent();
    stream.halfClose();
  })();
  // Awaited below, unless the results fail first.
  sending.catch(() => undefined);
  const results = [];
  for await (const result of stream.results()) results.push(result);
  await sending;
  const [result] = results;
  if (result === undefined || results.length > 1) throw new Error(`${results.length} results for one file`);
  if (result.error !== undefined) throw new Error(result.error);
}
