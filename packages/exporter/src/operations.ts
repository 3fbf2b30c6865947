import { consume, LazyContext, unimplemented, Upload, type Arrivals, type RpcContext } from "@kloset/adapter";
import type { FileInfo } from "@kloset/model";
import type { Exporter, LinkKind, StoreFileContext } from "./exporter.js";

/** The context of one file. */
export class FileContext extends LazyContext implements StoreFileContext {
  readonly fileInfo: FileInfo | undefined;

  /** @param fileInfo - Undefined if the host does not send it with the content. */
  constructor(rpc: RpcContext, fileInfo?: FileInfo) {
    super(rpc);
    this.fileInfo = fileInfo;
  }
}

/**
 * Passes the content of a file to the exporter's `storeFile`, and fails unless the
 * exporter read every byte.
 *
 * @param chunks - The content. Throws if it is incomplete.
 * @param expected - Number of bytes announced by the host; undefined if it announces none.
 */
export async function writeWholeFile(
  exporter: Exporter,
  pathname: string,
  chunks: Arrivals<Uint8Array>,
  size: number | undefined,
  expected: number | undefined,
  context: FileContext,
): Promise<void> {
  const upload = new Upload(chunks, JSON.stringify(pathname), "storeFile", expected);
  try {
    await consume(upload, (data) => exporter.storeFile(pathname, data, size, context));
  } finally {
    context.release();
  }
}

/**
 * Creates a link.
 *
 * @throws StatusError UNIMPLEMENTED if the exporter has no `createLink`.
 */
export async function createLink(exporter: Exporter, oldname: string, newname: string, kind: LinkKind): Promise<void> {
  if (exporter.createLink === undefined) {
    const what = kind === "hard" ? "hard links" : "symbolic links";
    throw unimplemented(`${JSON.stringify(newname)}: this exporter does not support ${what}`);
  }
  await exporter.createLink(oldname, newname, kind);
}
