import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { errorText, noticeOnce, toConnectError } from "@kloset/adapter";
import type { importer as wire } from "@kloset/protocol/v1.0";
import type { ImporterFactory } from "./importer.js";
import { initImporter, type ImporterSession, type OpenedImporter } from "./session.js";
import type { Scanned } from "./entry-check.js";
import { scanEntries } from "./scan.js";

type ScanResponse = MessageInitShape<typeof wire.ScanResponseSchema>;

/**
 * Serves an importer to hosts of generation v1.0.
 *
 * Three rules of theirs shape it: a Scan that ends with an error makes the host
 * loop for ever, so it always ends with OK; content is asked for by pathname
 * alone, so extended attributes are not sent, or one would be stored in place of
 * its file; and nothing ever says which entries the host is done with, so what is
 * held for them is held until they are closed, or until the end.
 */
export function importerV1_0(
  factory: ImporterFactory,
  session: ImporterSession,
): ServiceImpl<typeof wire.Importer> {
  const active = new ActiveReaders();
  return {
    async init(request) {
      try {
        await initImporter(session, factory, request);
        return {};
      } catch (error) {
        throw toConnectError(error);
      }
    },

    async info() {
      return session.run("Info", ({ type, origin, root }) => ({ type, origin, root }));
    },

    async *scan(_request, { signal }) {
      yield* session.stream("Scan", (opened) => scan(opened, signal));
    },

    async *openReader({ pathname }, { signal }) {
      const stop = active.add(pathname);
      const either = AbortSignal.any([signal, stop.signal]);
      const chunks = session.stream("OpenReader", ({ readers }) => readers.open({ pathname, target: "" }, either));
      // Also if the host reads no more, and so nobody asks for the next chunk.
      const end = (): void => {
        chunks.return().catch(() => undefined);
      };
      either.addEventListener("abort", end, { once: true });
      try {
        for await (const chunk of chunks) yield { chunk };
      } catch (error) {
        // The host said CloseReader: it wants no more, and no complaint.
        if (!stop.signal.aborted) throw toConnectError(error, signal);
      } finally {
        either.removeEventListener("abort", end);
        active.remove(pathname, stop);
      }
    },

    async closeReader({ pathname }) {
      return session.run("CloseReader", ({ readers }) => {
        active.stop(pathname);
        readers.release({ pathname, target: "" });
        return {};
      });
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

async function* scan(opened: OpenedImporter, signal: AbortSignal): AsyncGenerator<ScanResponse> {
  const { importer, root, readers } = opened;
  const seen = new Set<string>();
  readers.begin();
  try {
    for await (const scanned of scanEntries(importer, root, signal)) {
      if (scanned.type === "attribute") {
        noticeOnce("kloset: extended attributes are left out: Plakar 1.0 would mistake them for their files");
        continue;
      }
      if (scanned.type === "record") {
        const { pathname } = scanned;
        if (seen.has(pathname)) {
          noticeOnce(`kloset: ${JSON.stringify(pathname)} was yielded twice by scan(): the second is left out`);
          continue;
        }
        seen.add(pathname);
        readers.hold(scanned);
      }
      yield responseOf(scanned);
    }
  } catch (error) {
    if (!signal.aborted) yield { pathname: root, result: { case: "error", value: { message: errorText(error) } } };
  }
}

function responseOf(scanned: Exclude<Scanned, { readonly type: "attribute" }>): ScanResponse {
  if (scanned.type === "error") {
    return { pathname: scanned.pathname, result: { case: "error", value: { message: scanned.message } } };
  }
  const { pathname, target, fileInfo, fileAttributes } = scanned;
  return { pathname, result: { case: "record", value: { target, fileinfo: fileInfo, fileAttributes } } };
}

/** The OpenReader calls that stream, so that CloseReader, another call, can end them. */
class ActiveReaders {
  readonly #byPathname = new Map<string, AbortController[]>();

  add(pathname: string): AbortController {
    const controller = new AbortController();
    const others = this.#byPathname.get(pathname);
    if (others === undefined) this.#byPathname.set(pathname, [controller]);
    else others.push(controller);
    return controller;
  }

  remove(pathname: string, controller: AbortController): void {
    const left = (this.#byPathname.get(pathname) ?? []).filter((other) => other !== controller);
    if (left.length === 0) this.#byPathname.delete(pathname);
    else this.#byPathname.set(pathname, left);
  }

  /** Ends the oldest: each CloseReader is for one OpenReader. */
  stop(pathname: string): void {
    this.#byPathname.get(pathname)?.[0]?.abort(new Error("the host closed the reader"));
  }
}
