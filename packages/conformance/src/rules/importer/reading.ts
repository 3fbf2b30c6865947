import { PluginError } from "@kloset/host";
import { Violation } from "../../violation.js";
import type { WireImporter, WireReader, WireRecord } from "./wire.js";

const MAX_BYTES = 64 * 1024 * 1024;

/** Reads what is left of some content. @throws PluginError when the plugin ends it with an error. */
export async function readRest(
  reader: WireReader,
  onChunk: (chunk: Uint8Array) => void = () => undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let chunk = await reader.chunk(); chunk !== undefined; chunk = await reader.chunk()) {
    onChunk(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Violation(`the plugin sent more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads content from its beginning to its end. @throws PluginError when the plugin ends it with an error. */
async function readContent(
  importer: WireImporter,
  record: WireRecord,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<Uint8Array> {
  const reader = await importer.open(record);
  try {
    return await readRest(reader, onChunk);
  } finally {
    await reader.close();
  }
}

/** Reads content, or what the plugin says in place of it: a file that can not be read may be part of a source. */
export async function tryRead(
  importer: WireImporter,
  record: WireRecord,
  onChunk?: (chunk: Uint8Array) => void,
): Promise<Uint8Array | PluginError> {
  try {
    return await readContent(importer, record, onChunk);
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
}
