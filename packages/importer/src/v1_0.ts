import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  authorErrorText,
  Calls,
  rpcSignal,
  noticeOnce,
  signalWhileWanted,
  untilAborted,
  type RpcContext,
} from "@kloset/adapter";
import { PushStream, type Send } from "@kloset/wire/grpc";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { importer as wire } from "@kloset/protocol/v1.0";
import { ActiveReaders } from "./active-readers.js";
import type { ImporterFactory } from "./importer.js";
import type { Scanned } from "./entry-check.js";
import { eachEntry } from "./scan.js";
import { importerOpener, type ImporterSession, type OpenedImporter } from "./session.js";
import { Tree } from "./tree.js";

type ScanResponse = MessageInitShape<typeof wire.ScanResponseSchema>;

/**
 * Serves an importer to hosts of generation v1.0.
 *
 * Three properties of these hosts shape the adapter:
 *
 * - A Scan that ends with an error makes the host loop forever, so a Scan always
 *   ends with OK and reports the error as an entry.
 * - Content is requested by pathname alone, so extended attributes are not sent:
 *   the host would store one in place of its file.
 * - Nothing reports that the host has finished with an entry, so its reader is
 *   held until it is opened or closed, or the session ends.
 */
export function importerV1_0(
  factory: ImporterFactory,
  session: ImporterSession,
): ServiceImplementation<typeof wire.Importer, RpcContext> {
  const calls = new Calls(session, "importer.Importer");
  const active = new ActiveReaders();
  return {
    init: (request) => calls.init(importerOpener(factory, request), () => ({})),

    info: () => calls.unary("Info", ({ type, origin, root }) => ({ type, origin, root })),

    scan: (_request, context) =>
      calls.serverStream<ScanResponse>("Scan", context, (opened, send, call) => scan(opened, rpcSignal(call), send)),

    openReader: ({ pathname }, context) =>
      new PushStream(async (send, unwanted) => {
        const { own, abort, release } = signalWhileWanted(context, unwanted);
        const end = active.add(pathname, abort);
        try {
          const chunks = calls.content("OpenReader", { signal: own }, ({ readers }) =>
            readers.content({ pathname, target: "" }),
          );
          await chunks.run((message) => {
            const sent = send(message);
            // End on abort even if the host has stopped reading and `sent` never settles.
            return sent === undefined ? undefined : untilAborted(sent, own);
          });
        } finally {
          release();
          end();
        }
      }),

    closeReader: ({ pathname }) =>
      calls.empty("CloseReader", ({ readers }) => {
        active.close(pathname);
        readers.release({ pathname, target: "" });
      }),

    close: () => calls.close(),
  };
}

async function scan(
  { importer, root, readers }: OpenedImporter,
  signal: AbortSignal,
  send: Send<ScanResponse>,
): Promise<void> {
  readers.begin();
  const tree = new Tree(root, { signal, remembersFiles: true }, (scanned) => {
    if (scanned.type === "attribute") {
      noticeOnce("importer: extended attributes are left out: Plakar 1.0 would mistake them for their files");
      return undefined;
    }
    readers.hold(scanned);
    return send(responseOf(scanned));
  });
  try {
    await eachEntry(importer, root, signal, tree);
  } catch (error) {
    if (signal.aborted) return;
    await tree.send({ type: "error", pathname: root, message: authorErrorText(error) });
    await tree.end();
  }
}

function responseOf(scanned: Exclude<Scanned, { readonly type: "attribute" }>): ScanResponse {
  if (scanned.type === "error") {
    return { pathname: scanned.pathname, result: { case: "error", value: { message: scanned.message } } };
  }
  const { pathname, target, fileInfo, fileAttributes } = scanned;
  return { pathname, result: { case: "record", value: { target, fileinfo: fileInfo, fileAttributes } } };
}
