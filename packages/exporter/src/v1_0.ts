import type { ServiceImpl } from "@connectrpc/connect";
import { fileInfoFromWire, invalidArgument, toConnectError } from "@kloset/adapter";
import type { Awaitable } from "@kloset/model";
import type { exporter as wire } from "@kloset/protocol/v1.0";
import type { ExporterFactory } from "./exporter.js";
import { createLink, storeFile } from "./operations.js";
import { RootPath } from "./root-path.js";
import { initExporter, type ExporterSession, type OpenedExporter } from "./session.js";
import { StoreFileRequests } from "./store-file.js";

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
  const run = async <R>(rpc: string, call: (opened: OpenedExporter, root: RootPath) => Awaitable<R>): Promise<R> => {
    try {
      return await session.run(rpc, (opened) => call(opened, new RootPath(opened.root)));
    } catch (error) {
      throw toConnectError(error);
    }
  };

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

    storeFile: (requests, { signal }) => {
      const stream = new StoreFileRequests(requests, signal);
      return stream.answer(() =>
        run("StoreFile", async ({ exporter }, root) => {
          const { pathname, size } = await stream.header();
          const below = root.strip(pathname);
          await storeFile(exporter, below, stream.data(below), size, size, signal);
          return {};
        }),
      );
    },

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
