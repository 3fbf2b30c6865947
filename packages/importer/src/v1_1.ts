import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { invalidArgument, noticeOnce, toConnectError } from "@kloset/adapter";
import { LocationFlag } from "@kloset/model";
import type { connectors, importer as wire } from "@kloset/protocol/v1.1";
import { Acknowledgements } from "./acknowledgements.js";
import type { Importer, ImporterFactory } from "./importer.js";
import { scanEntries, type Scanned } from "./scan.js";
import { initImporter, type ImporterSession, type OpenedImporter } from "./session.js";
import { refOfWire, XATTR_TYPE } from "./wire.js";

type ImportRequest = wire.ImportRequest;
type ImportResponse = MessageInitShape<typeof wire.ImportResponseSchema>;
type WireRecord = MessageInitShape<typeof connectors.RecordSchema>;

/** Serves an importer to hosts of generation v1.1. */
export function importerV1_1(
  factory: ImporterFactory,
  session: ImporterSession,
): ServiceImpl<typeof wire.Importer> {
  return {
    async init(request) {
      try {
        const { origin, type, root, importer } = await initImporter(session, factory, request);
        return { origin, type, root, flags: await flagsOf(importer) };
      } catch (error) {
        throw toConnectError(error);
      }
    },

    async ping() {
      return session.run("Ping", async ({ importer }) => {
        try {
          await importer.ping?.();
          return {};
        } catch (error) {
          throw toConnectError(error);
        }
      });
    },

    async *import(requests, { signal }) {
      yield* session.stream("Import", (opened) => importAll(opened, requests, signal));
    },

    async *open({ record }, { signal }) {
      const chunks = session.stream("Open", ({ readers }) => {
        if (record === undefined) throw invalidArgument("Open: the request has no record");
        return readers.open(refOfWire(record), signal);
      });
      try {
        for await (const chunk of chunks) yield { chunk };
      } catch (error) {
        throw toConnectError(error, signal);
      }
    },

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

async function flagsOf(importer: Importer): Promise<number> {
  const flags = (await importer.flags?.()) ?? 0;
  return (importer.acknowledge === undefined ? flags : flags | LocationFlag.NEEDACK) >>> 0;
}

async function* importAll(
  opened: OpenedImporter,
  requests: AsyncIterable<ImportRequest>,
  signal: AbortSignal,
): AsyncGenerator<ImportResponse> {
  const { importer, root, readers } = opened;
  const acknowledgements = new Acknowledgements(importer, readers, requests);
  try {
    for await (const scanned of scanEntries(importer, root, signal)) {
      if (!readers.hold(scanned)) {
        noticeOnce(`kloset: ${JSON.stringify(nameOf(scanned))} was yielded twice by scan(): the second is left out`);
        continue;
      }
      acknowledgements.expect();
      yield { record: recordOf(scanned, readers.has(scanned)) };
    }
  } catch (error) {
    // The host shows "EOF" in place of the message if it is still sending
    // acknowledgements when the failure arrives.
    await acknowledgements.caughtUp(signal);
    throw toConnectError(error, signal);
  }
  yield { finished: true };
  // The host half-closes when everything is acknowledged; only then may this end.
  await acknowledgements.halfClosed(signal);
}

function nameOf(scanned: Scanned): string {
  return scanned.type === "error" ? scanned.pathname : scanned.entry.pathname;
}

function recordOf(scanned: Scanned, hasReader: boolean): WireRecord {
  if (scanned.type === "error") return { pathname: scanned.pathname, error: scanned.message };
  const { entry } = scanned;
  if (scanned.type === "attribute") {
    const { name, kind } = scanned.entry.attribute;
    return { pathname: entry.pathname, hasReader, isXattr: true, xattrName: name, xattrType: XATTR_TYPE[kind] };
  }
  return {
    pathname: entry.pathname,
    hasReader,
    target: scanned.entry.target ?? "",
    fileInfo: scanned.fileInfo,
    extendedAttributes: [...(scanned.entry.extendedAttributes ?? [])],
    fileAttributes: scanned.entry.fileAttributes ?? 0,
  };
}
