import { Calls, fileInfoFromWire, invalidArgument, rpcSignal, type RpcContext } from "@kloset/adapter";
import type { Awaitable } from "@kloset/model";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { exporter as wire } from "@kloset/protocol/v1.0";
import { AbandonedFile } from "./abandoned-file.js";
import type { ExporterFactory } from "./exporter.js";
import { createLink, FileContext, writeWholeFile } from "./operations.js";
import { RootPath } from "./root-path.js";
import { exporterOpener, type ExporterSession } from "./session.js";
import { FileMessages } from "./file-messages.js";
import type { Turns } from "./turns.js";

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
  let hasClosed = false;
  return {
    init: (request) => calls.init(exporterOpener(factory, request, "Close"), () => ({})),

    root: () => calls.unary("Root", ({ root }) => ({ rootPath: root })),

    createDirectory: ({ pathname }, context) =>
      calls.empty("CreateDirectory", ({ exporter, root, turns }) => {
        const below = belowRoot(root, pathname);
        return inTurn(turns, context, () => exporter.createDirectory(below));
      }),

    storeFile: (requests, context) =>
      calls.clientStream("StoreFile", requests, context, async ({ exporter, root, turns }, messages) => {
        // The header is not taken before its turn: until then, the server lets the host send no more than one window.
        if (turns !== undefined) await messages.more();
        await inTurn(turns, context, async () => {
          const stream = new FileMessages(messages);
          const { pathname, size } = await stream.header();
          const below = belowRoot(root, pathname);
          let content = stream.data(below);
          if (turns !== undefined || exporter.finish !== undefined) {
            content = new AbandonedFile(content, below, {
              get wait() {
                return turns?.isContended === true;
              },
              get areDone() {
                return hasClosed;
              },
            });
          }
          await writeWholeFile(exporter, below, content, size, size, new FileContext(context));
        });
        return {};
      }),

    setPermissions: ({ pathname, fileInfo }, context) =>
      calls.empty("SetPermissions", ({ exporter, root, turns }) => {
        if (fileInfo === undefined) {
          throw invalidArgument(`SetPermissions: the request for ${JSON.stringify(pathname)} has no file info`);
        }
        const { size, ...known } = fileInfoFromWire(fileInfo);
        const below = belowRoot(root, pathname);
        // Hosts leave the size out of this message.
        const info = { ...known, size: size === 0 ? undefined : size };
        return inTurn(turns, context, () => exporter.setPermissions(below, info));
      }),

    createLink: ({ oldname, newname, ltype }, context) =>
      calls.empty("CreateLink", ({ exporter, root, turns }) => {
        const pathname = belowRoot(root, newname);
        if (ltype !== HARD_LINK && ltype !== SYMBOLIC_LINK) {
          throw invalidArgument(`CreateLink: ltype must be 0 (hard) or 1 (symbolic): ${ltype}`);
        }
        const [target, kind] =
          ltype === HARD_LINK ? ([belowRoot(root, oldname), "hard"] as const) : ([oldname, "symbolic"] as const);
        return inTurn(turns, context, () => createLink(exporter, target, pathname, kind));
      }),

    close: async () => {
      hasClosed = true;
      try {
        return await calls.close();
      } catch (error) {
        // A Close before Init closes nothing.
        hasClosed = false;
        throw error;
      }
    },
  };
}

/** Calls the exporter, in turn if it limits its calls. */
function inTurn<T>(turns: Turns | undefined, context: RpcContext, call: () => Awaitable<T>): Awaitable<T> {
  return turns === undefined ? call() : turns.run(rpcSignal(context), call);
}

function belowRoot(root: string, pathname: string): string {
  return new RootPath(root).strip(pathname);
}
