import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { Calls, identityOf, invalidArgument } from "@kloset/adapter";
import type { connectors, importer as wire } from "@kloset/protocol/v1.1";
import { Acknowledgements } from "./acknowledgements.js";
import type { Scanned } from "./entry-check.js";
import type { ImporterFactory } from "./importer.js";
import { noticeRepeated, scanEntries } from "./scan.js";
import { importerOpener, type ImporterSession, type OpenedImporter } from "./session.js";
import { refOfWire, xattrTypeOf } from "./wire.js";

type ImportRequest = wire.ImportRequest;
type ImportResponse = MessageInitShape<typeof wire.ImportResponseSchema>;
type WireRecord = MessageInitShape<typeof connectors.RecordSchema>;

/** Serves an importer to hosts of generation v1.1. */
export function importerV1_1(
  factory: ImporterFactory,
  session: ImporterSession,
): ServiceImpl<typeof wire.Importer> {
  const calls = new Calls(session, "importer.Importer");
  return {
    init: (request) => calls.init(importerOpener(factory, request), identityOf),

    ping: () => calls.empty("Ping", ({ importer }) => importer.ping?.()),

    import: (requests, { signal }) =>
      calls.serverStream("Import", signal, (opened) => importAll(opened, requests, signal)),

    open: ({ record }, { signal }) =>
      calls.content("Open", signal, ({ readers }) => {
        if (record === undefined) throw invalidArgument("Open: the request has no record");
        return readers.open(refOfWire(record), signal);
      }),

    close: () => calls.close(),
  };
}

async function* importAll(
  opened: OpenedImporter,
  requests: AsyncIterable<ImportRequest>,
  signal: AbortSignal,
): AsyncGenerator<ImportResponse> {
  const { importer, readers } = opened;
  const forget = readers.begin();
  const acknowledgements = new Acknowledgements(importer, readers, requests, signal);
  try {
    try {
      yield* recordsOf(opened, acknowledgements, signal);
    } catch (error) {
      // The host shows "EOF" in place of the message if it is still sending
      // acknowledgements when the failure arrives.
      await acknowledgements.caughtUp(signal);
      throw error;
    }
    yield { finished: true };
    // The host half-closes when everything is acknowledged; only then may this end.
    await acknowledgements.halfClosed(signal);
  } finally {
    // What was not acknowledged never will be.
    forget();
  }
}

async function* recordsOf(
  { importer, root, readers }: OpenedImporter,
  acknowledgements: Acknowledgements,
  signal: AbortSignal,
): AsyncGenerator<ImportResponse> {
  for await (const scanned of scanEntries(importer, root, signal)) {
    if (!readers.hold(scanned)) {
      noticeRepeated(scanned.pathname);
      continue;
    }
    acknowledgements.expect();
    yield { record: recordOf(scanned, readers.has(scanned)) };
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
  return { pathname, hasReader, target, fileInfo, extendedAttributes: [...extendedAttributes], fileAttributes };
}
