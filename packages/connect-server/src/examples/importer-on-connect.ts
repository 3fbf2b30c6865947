import { createServer, type Http2Server } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { importerV1_1, newImporterSession, type ImporterFactory } from "@kloset/importer";
import { importer } from "@kloset/protocol/v1.1";

/**
 * Serves an importer with Connect's own Node adapter, beside whatever else a Connect server serves. Adapters are
 * Connect service implementations, so nothing of this project's servers is needed.
 *
 * Plakar starts a plugin on inherited descriptors: use `runImporter` of `@kloset/sdk` for that.
 */
export function importerServer(factory: ImporterFactory): Http2Server {
  const session = newImporterSession();
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => router.service(importer.Importer, importerV1_1(factory, session)),
    }),
  );
  // The session closes the importer, as it does when Plakar has gone.
  server.once("close", () => {
    session.abort();
    void session.end();
  });
  return server;
}
