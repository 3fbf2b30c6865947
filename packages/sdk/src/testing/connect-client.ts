import type { ClientHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

const baseUrl = "http://127.0.0.1:0";

/** gRPC by connect's own client, over the one connection that a plugin has. */
export function connectTransportOver(duplex: Duplex): Transport {
  let used = false;
  const createConnection = (): Duplex => {
    // It connects anew when a session has ended, and a plugin can not be connected to twice.
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
 * Begins to read each response before it is there.
 *
 * connect-node begins when it has seen the header. A short response is there
 * whole by then, the stream counts as closed, and Node 24.20 and later, as 26.3
 * and later, report "Premature close" of a stream that is closed when its
 * iteration begins, though its data wait to be read:
 * https://github.com/nodejs/node/issues/65677.
 */
class EarlyReadingSession extends Http2SessionManager {
  override async request(...request: Parameters<Http2SessionManager["request"]>): Promise<ClientHttp2Stream> {
    const stream = await super.request(...request);
    const body = stream[Symbol.asyncIterator]() as AsyncGenerator<Uint8Array, undefined>;
    let first: Promise<IteratorResult<Uint8Array, undefined>> | undefined = body.next();
    // A call that fails before its body is read says so by itself.
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
