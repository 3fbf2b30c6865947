import { createServer, type Http2Server } from "node:http2";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { importerV1_1, newImporterSession, type ImporterFactory } from "@kloset/importer";
import { importer } from "@kloset/protocol/v1.1";

/**
 * Serves an importer with Connect's own Node adapter, alongside other services of a Connect server. The importer
 * adapters are Connect service implementations, so the servers of this project are not needed.
 *
 * Plakar runs plugins on inherited descriptors: use `runImporter` of `@kloset/sdk` for that.
 */
export function importerServer(factory: ImporterFactory): Http2Server {
  const session = newImporterSession();
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => router.service(importer.Importer, importerV1_1(factory, session)),
    }),
  );
  // The session closes the importer, as it does when Plakar disconnects.
  server.once("close", () => {
    session.abort();
    void session.end();
  });
  return server;
}
