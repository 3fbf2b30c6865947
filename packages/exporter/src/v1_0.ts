import { Calls, fileInfoFromWire, invalidArgument, type RpcContext } from "@kloset/adapter";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { exporter as wire } from "@kloset/protocol/v1.0";
import type { ExporterFactory } from "./exporter.js";
import { createLink, FileContext, writeWholeFile } from "./operations.js";
import { RootPath } from "./root-path.js";
import { exporterOpener, type ExporterSession } from "./session.js";
import { FileMessages } from "./file-messages.js";

/** Values of `ltype` in CreateLink. */
const HARD_LINK = 0;
const SYMBOLIC_LINK = 1;

/**
 * Serves an exporter to hosts of generation v1.0, which make one call per step and
 * prepend the root to every pathname.
 */
export function exporterV1_0(
  factory: ExporterFactory,
  session: ExporterSession,
): ServiceImplementation<typeof wire.Exporter, RpcContext> {
  const calls = new Calls(session, "exporter.Exporter");
  return {
    init: (request) => calls.init(exporterOpener(factory, request), () => ({})),

    root: () => calls.unary("Root", ({ root }) => ({ rootPath: root })),

    createDirectory: ({ pathname }) =>
      calls.empty("CreateDirectory", ({ exporter, root }) => exporter.createDirectory(belowRoot(root, pathname))),

    storeFile: (requests, context) =>
      calls.clientStream("StoreFile", requests, context, async ({ exporter, root }, messages) => {
        const stream = new FileMessages(messages);
        const { pathname, size } = await stream.header();
        const below = belowRoot(root, pathname);
        await writeWholeFile(exporter, below, stream.data(below), size, size, new FileContext(context));
        return {};
      }),

    setPermissions: ({ pathname, fileInfo }) =>
      calls.empty("SetPermissions", ({ exporter, root }) => {
        if (fileInfo === undefined) {
          throw invalidArgument(`SetPermissions: the request for ${JSON.stringify(pathname)} has no file info`);
        }
        const { size, ...known } = fileInfoFromWire(fileInfo);
        // Hosts leave the size out of this message.
        return exporter.setPermissions(belowRoot(root, pathname), { ...known, size: size === 0 ? undefined : size });
      }),

    createLink: ({ oldname, newname, ltype }) =>
      calls.empty("CreateLink", ({ exporter, root }) => {
        const pathname = belowRoot(root, newname);
        if (ltype === HARD_LINK) return createLink(exporter, belowRoot(root, oldname), pathname, "hard");
        if (ltype === SYMBOLIC_LINK) return createLink(exporter, oldname, pathname, "symbolic");
        throw invalidArgument(`CreateLink: ltype must be 0 (hard) or 1 (symbolic): ${ltype}`);
      }),

    close: () => calls.close(),
  };
}

function belowRoot(root: string, pathname: string): string {
  return new RootPath(root).strip(pathname);
}
