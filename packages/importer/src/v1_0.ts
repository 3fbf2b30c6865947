import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { Calls, errorText, noticeOnce } from "@kloset/adapter";
import type { importer as wire } from "@kloset/protocol/v1.0";
import type { ImporterFactory } from "./importer.js";
import type { Scanned } from "./entry-check.js";
import { PathnameSet } from "./pathname-set.js";
import { noticeRepeated, scanEntries } from "./scan.js";
import { importerOpener, type ImporterSession, type OpenedImporter } from "./session.js";

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
  const calls = new Calls(session, "importer.Importer");
  const active = new ActiveReaders();
  return {
    init: (request) => calls.init(importerOpener(factory, request), () => ({})),

    info: () => calls.unary("Info", ({ type, origin, root }) => ({ type, origin, root })),

    scan: (_request, { signal }) => calls.serverStream("Scan", signal, (opened) => scan(opened, signal)),

    async *openReader({ pathname }, { signal }) {
      const stop = active.add(pathname);
      const either = AbortSignal.any([signal, stop.signal]);
      const chunks = calls.content("OpenReader", either, ({ readers }) => readers.open({ pathname, target: "" }, either));
      // Also if the host reads no more, and so nobody asks for the next chunk.
      const end = (): void => {
        chunks.return().catch(() => undefined);
      };
      either.addEventListener("abort", end, { once: true });
      try {
        yield* chunks;
      } catch (error) {
        // The host said CloseReader: it wants no more, and no complaint.
        if (!stop.signal.aborted) throw error;
      } finally {
        either.removeEventListener("abort", end);
        active.remove(pathname, stop);
      }
    },

    closeReader: ({ pathname }) =>
      calls.empty("CloseReader", ({ readers }) => {
        active.stop(pathname);
        readers.release({ pathname, target: "" });
      }),

    close: () => calls.close(),
  };
}

async function* scan(opened: OpenedImporter, signal: AbortSignal): AsyncGenerator<ScanResponse> {
  const { importer, root, readers } = opened;
  const seen = new PathnameSet();
  readers.begin();
  try {
    for await (const scanned of scanEntries(importer, root, signal)) {
      if (scanned.type === "attribute") {
        noticeOnce("kloset: extended attributes are left out: Plakar 1.0 would mistake them for their files");
        continue;
      }
      if (scanned.type === "record") {
        if (!seen.add(scanned.pathname)) {
          noticeRepeated(scanned.pathname);
          continue;
        }
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
