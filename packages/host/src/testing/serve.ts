import { createServer } from "node:http2";
import type { Duplex } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { PluginConnection } from "../grpc/connection.js";
import { HOSTS, type Generation, type HostName } from "../hosts.js";
import { duplexPair } from "@kloset/test-support";

/** Creates an error that is sent as Go plugins send the errors of an author's code. */
export function failure(text: string): ConnectError {
  return new ConnectError(text, Code.Unknown);
}

/** A plugin in memory, and the host's connection to it. */
export interface ServedPlugin {
  readonly connection: PluginConnection;
  /** The plugin's end of the transport. Destroy it to simulate the plugin's exit. */
  readonly plugin: Duplex;
  /** Returns the HTTP/2 frames that the host has sent. */
  readonly frames: () => SentFrame[];
}

/** The header of an HTTP/2 frame. */
interface SentFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

/** Serves an implementation over a connection in memory. @param host - Generation of the host, or its name. */
export async function serve<S extends DescService>(
  host: Generation | HostName,
  service: S,
  implementation: Partial<ServiceImpl<S>>,
): Promise<ServedPlugin> {
  const sent: Buffer[] = [];
  const [transport, plugin] = duplexPair();
  const push = plugin.push.bind(plugin);
  plugin.push = (chunk: Buffer | null): boolean => {
    if (chunk !== null) sent.push(Buffer.from(chunk));
    return push(chunk);
  };
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => {
        router.service(service, implementation);
      },
      connect: false,
      grpcWeb: false,
    }),
  );
  server.on("sessionError", () => undefined);
  server.emit("connection", plugin);
  const connection = await PluginConnection.open(
    { transport },
    host in HOSTS ? { like: host as HostName } : { generation: host as Generation },
  );
  return { connection, plugin, frames: () => framesOf(Buffer.concat(sent)) };
}

const PREFACE_BYTES = 24;
const FRAME_HEADER_BYTES = 9;

function framesOf(bytes: Buffer): SentFrame[] {
  const frames: SentFrame[] = [];
  for (
    let at = PREFACE_BYTES;
    at + FRAME_HEADER_BYTES <= bytes.length;
    at += FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3)
  ) {
    frames.push({ type: bytes.readUInt8(at + 3), flags: bytes.readUInt8(at + 4), stream: bytes.readUInt32BE(at + 5) });
  }
  return frames;
}
