import type { MessageInitShape } from "@bufbuild/protobuf";
import { Calls, rpcSignal, identityOf, invalidArgument, xattrKindFromWire, type RpcContext } from "@kloset/adapter";
import type { Send } from "@kloset/wire/grpc";
import type { ServiceImplementation } from "@kloset/protocol/service-implementation";
import type { connectors, importer as wire } from "@kloset/protocol/v1.1";
import { Acknowledgements } from "./acknowledgements.js";
import type { Scanned } from "./entry-check.js";
import type { ImporterFactory } from "./importer.js";
import { eachEntry } from "./scan.js";
import { importerOpener, type ImporterSession, type OpenedImporter } from "./session.js";
import { noticeRepeated, Tree } from "./tree.js";
import { refOfWire, xattrTypeOf } from "./wire.js";

type ImportRequest = wire.ImportRequest;
type ImportResponse = MessageInitShape<typeof wire.ImportResponseSchema>;
type WireRecord = MessageInitShape<typeof connectors.RecordSchema>;

/** Serves an importer to hosts of generation v1.1. */
export function importerV1_1(
  factory: ImporterFactory,
  session: ImporterSession,
): ServiceImplementation<typeof wire.Importer, RpcContext> {
  const calls = new Calls(session, "importer.Importer");
  return {
    init: (request) => calls.init(importerOpener(factory, request), identityOf),

    ping: () => calls.empty("Ping", ({ importer }) => importer.ping?.()),

    import: (requests, context) =>
      calls.serverStream<ImportResponse>("Import", context, (opened, send, call) =>
        importAll(opened, requests, rpcSignal(call), send),
      ),

    open: ({ record }, context) =>
      calls.content("Open", context, ({ readers }) => {
        if (record === undefined) throw invalidArgument("Open: the request has no record");
        if (record.isXattr && xattrKindFromWire(record.xattrType) === undefined) {
          throw invalidArgument(`Open: there is no extended attribute of kind ${record.xattrType}`);
        }
        return readers.content(refOfWire(record));
      }),

    close: () => calls.close(),
  };
}

async function importAll(
  { importer, root, readers }: OpenedImporter,
  requests: AsyncIterable<ImportRequest>,
  signal: AbortSignal,
  send: Send<ImportResponse>,
): Promise<void> {
  const forget = readers.begin();
  const acknowledgements = new Acknowledgements(importer, readers, requests, signal);
  const tree = new Tree(root, { signal, remembersFiles: false }, (scanned, made) => {
    if (made) {
      acknowledgements.expectMade(scanned.pathname);
      return send({ record: recordOf(scanned, false) });
    }
    if (!readers.hold(scanned)) {
      noticeRepeated(scanned.pathname);
      return undefined;
    }
    acknowledgements.expect();
    return send({ record: recordOf(scanned, readers.has(scanned)) });
  });
  try {
    try {
      await eachEntry(importer, root, signal, tree);
    } catch (error) {
      // If the error arrives while the host is still sending acknowledgements, the
      // host shows "EOF" in place of its message.
      await acknowledgements.caughtUp(signal);
      throw error;
    }
    await send({ finished: true });
    // End only after the host's half-close, which follows the last acknowledgement.
    await acknowledgements.halfClosed(signal);
  } finally {
    // No further acknowledgements can arrive.
    forget();
  }
}

function recordOf(scanned: Scanned, hasReader: boolean): WireRecord {
  const { pathname } = scanned;
  if (scanned.type === "error") return { pathname, error: scanned.message };
  if (scanned.type === "attribute") {
    const { name, kind } = scanned.attribute;
    return { pathname, hasReader, isXattr: true, xattrName: name, xattrType: xattrTypeOf(kind) };
  }
  const { target, fileInfo, extendedAttributes, fileAttributes } = scanned;
  return { pathname, hasReader, target, fileInfo, extendedAttributes, fileAttributes };
}
