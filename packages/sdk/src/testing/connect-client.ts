import type { ClientHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

const baseUrl = "http://127.0.0.1:0";

/** Returns Connect's own gRPC transport over the single connection of a plugin. */
export function connectTransportOver(duplex: Duplex): Transport {
  let used = false;
  const createConnection = (): Duplex => {
    // The session manager reconnects when a session has ended; a plugin accepts only one connection.
    if (used) throw new Error("the connection to the plugin has ended");
    used = true;
    return duplex;
  };
  return createGrpcTransport({
    baseUrl,
    sessionManager: new EarlyReadingSession(baseUrl, undefined, { createConnection }),
  });
}

/**
 * Starts to read each response before it arrives.
 *
 * connect-node starts after the response headers. By then a short response may
 * be complete and its stream closed. Node 24.20+ and 26.3+ throw "Premature close"
 * when the iteration of a closed stream begins, even if data is still buffered:
 * https://github.com/nodejs/node/issues/65677.
 */
class EarlyReadingSession extends Http2SessionManager {
  override async request(...request: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...request);
    const body = stream[Symbol.asyncIterator]() as AsyncGenerator<Uint8Array, undefined>;
    let first: Promise<IteratorResult<Uint8Array, undefined>> | undefined = body.next();
    // connect-node reports the failure if the call fails before its body is read.
    first.catch(() => undefined);
    const next = (): Promise<IteratorResult<Uint8Array, undefined>> => {
      const result = first ?? body.next();
      first = undefined;
      return result;
    };
    const begun = { next, return: body.return.bind(body), throw: body.throw.bind(body) };
    return Object.assign(stream, { [Symbol.asyncIterator]: () => begun });
  }
}
