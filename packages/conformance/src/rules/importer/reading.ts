import { PluginError } from "@kloset/host";
import { Violation } from "../../violation.js";
import type { WireImporter, WireReader, WireRecord } from "./wire.js";

const MAX_BYTES = 64 * 1024 * 1024;

/** Reads the rest of a reader. @throws PluginError when the plugin ends it with an error. */
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

/** Opens a record and reads all of its content. @throws PluginError when the plugin ends it with an error. */
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

/** Reads all content of a record, or returns the plugin's error: a source may contain unreadable files. */
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
