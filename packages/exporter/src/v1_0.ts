import type { ServiceImpl } from "@connectrpc/connect";
import { fileInfoFromWire, invalidArgument, toConnectError } from "@kloset/adapter";
import type { Awaitable } from "@kloset/model";
import type { exporter as wire } from "@kloset/protocol/v1.0";
import type { ExporterFactory } from "./exporter.js";
import { createLink, storeFile } from "./operations.js";
import { RootPath } from "./root-path.js";
import { initExporter, type ExporterSession, type OpenedExporter } from "./session.js";

/** `ltype` of CreateLink. */
const HARD_LINK = 0;
const SYMBOLIC_LINK = 1;

/**
 * Serves an exporter to hosts of generation v1.0, which make one call for each
 * step, and put the root before every pathname.
 */
export function exporterV1_0(
  factory: ExporterFactory,
  session: ExporterSession,
): ServiceImpl<typeof wire.Exporter> {
  /** One call of the author's: what it throws is answered word for word. */
  const run = <R>(rpc: string, call: (opened: OpenedExporter, root: RootPath) => Awaitable<R>): Promise<R> =>
    session.run(rpc, async (opened) => {
      try {
        return await call(opened, new RootPath(opened.root));
      } catch (error) {
        throw toConnectError(error);
      }
    });

  return {
    async init(request) {
      try {
        await initExporter(session, factory, request);
        return {};
      } catch (error) {
        throw toConnectError(error);
      }
    },

    root: () => run("Root", ({ root }) => ({ rootPath: root })),

    createDirectory: ({ pathname }) =>
      run("CreateDirectory", async ({ exporter }, root) => {
        await exporter.createDirectory(root.strip(pathname));
        return {};
      }),

    storeFile: (requests, { signal }) =>
      run("StoreFile", async ({ exporter }, root) => {
        const messages = requests[Symbol.asyncIterator]();
        const { pathname, size } = await headerOf(messages);
        const below = await drainedOnFailure(messages, () => root.strip(pathname));
        await storeFile(exporter, below, dataOf(messages, below), size, size, signal);
        return {};
      }),

    setPermissions: ({ pathname, fileInfo }) =>
      run("SetPermissions", async ({ exporter }, root) => {
        if (fileInfo === undefined) {
          throw invalidArgument(`SetPermissions: the request for ${JSON.stringify(pathname)} has no file info`);
        }
        await exporter.setPermissions(root.strip(pathname), fileInfoFromWire(fileInfo));
        return {};
      }),

    createLink: ({ oldname, newname, ltype }) =>
      run("CreateLink", async ({ exporter }, root) => {
        const pathname = root.strip(newname);
        if (ltype === HARD_LINK) await createLink(exporter, root.strip(oldname), pathname, "hard");
        else if (ltype === SYMBOLIC_LINK) await createLink(exporter, oldname, pathname, "symbolic");
        else throw invalidArgument(`CreateLink: ltype is 0 (hard) or 1 (symbolic): ${String(ltype)}`);
        return {};
      }),

    async close() {
      try {
        await session.close();
        return {};
      } catch (error) {
        throw toConnectError(error);
      }
    },
  };
}

type Messages = AsyncIterator<wire.StoreFileRequest>;

async function headerOf(messages: Messages): Promise<{ pathname: string; size: number }> {
  const first = await messages.next();
  if (first.done === true) throw invalidArgument("StoreFile: the stream ended before its header");
  const { type } = first.value;
  return drainedOnFailure(messages, () => {
    if (type.case !== "header") throw invalidArgument("StoreFile: data came before the header");
    const { pathname, size } = type.value;
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw invalidArgument(`StoreFile: the size of ${JSON.stringify(pathname)} is out of range: ${String(size)}`);
    }
    return { pathname, size: Number(size) };
  });
}

/** The host shows "EOF" in place of the message unless it has sent everything when the failure arrives. */
async function drainedOnFailure<T>(messages: Messages, check: () => T): Promise<T> {
  try {
    return check();
  } catch (error) {
    while ((await messages.next()).done !== true);
    throw error;
  }
}

async function* dataOf(messages: Messages, pathname: string): AsyncGenerator<Uint8Array> {
  for (;;) {
    const result = await messages.next();
    if (result.done === true) return;
    const { type } = result.value;
    if (type.case !== "data") {
      throw invalidArgument(`StoreFile: a second header came within the data of ${JSON.stringify(pathname)}`);
    }
    yield type.value.chunk;
  }
}
