import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { connect, constants, type ClientHttp2Session } from "node:http2";
import { Duplex } from "node:stream";

/** The response to a call. */
export interface Answer {
  readonly messages: readonly Buffer[];
  /** gRPC status code: "0" is success. */
  readonly status: string;
  readonly text: string;
}

/**
 * A running executable of the package, started by its name as Plakar does. The
 * connection uses plain HTTP/2, so that the tests do not depend on the code that
 * they test.
 */
export class PluginProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #session: ClientHttp2Session;
  readonly #exit: Promise<unknown[]>;
  #stderr = "";

  /**
   * @param executable - Absolute path.
   * @param env - Added to the environment of this process.
   * @param pipes - Connects real pipes, as Plakar does, in place of Node's "pipes",
   * which are sockets. The exit code is then at the end of stderr, as "exit 0".
   */
  constructor(executable: string, env: Readonly<Record<string, string>> = {}, pipes = false) {
    // The working directory is not the folder of the package.
    const options = { cwd: "/", env: { ...process.env, ...env } };
    this.#child = pipes
      ? spawn("sh", ["-c", 'cat | { "$0"; echo "exit $?" >&2; } | cat', executable], options)
      : spawn(executable, [], options);
    this.#exit = once(this.#child, "close");
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    const duplex = Duplex.from({ readable: this.#child.stdout, writable: this.#child.stdin });
    this.#session = connect("http://127.0.0.1:0", { createConnection: () => duplex });
    // If the process dies, the pending calls fail.
    this.#session.on("error", () => undefined);
  }

  /** Makes a call with one message, as a host of v1.1. */
  async call(path: string, message: Buffer): Promise<Answer> {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    const stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: path,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "grpc-go/1.81.1",
    });
    const trailers = new Map<string, unknown>();
    // A call that fails immediately has its status in the response headers.
    for (const event of ["response", "trailers"]) {
      stream.on(event, (headers: Record<string, unknown>) => {
        for (const [name, value] of Object.entries(headers)) trailers.set(name, value);
      });
    }
    stream.end(Buffer.concat([head, message]));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return {
      messages: messagesIn(Buffer.concat(chunks)),
      status: textOf(trailers.get("grpc-status")),
      text: decodeURIComponent(textOf(trailers.get("grpc-message"))),
    };
  }

  /** Kills the process, for tests that failed before its end. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends the connection, as Plakar does when it exits. */
  async end(): Promise<{ code: unknown; stderr: string }> {
    this.#child.stdin.end();
    const [code] = await this.#exit;
    return { code, stderr: this.#stderr };
  }
}

function textOf(header: unknown): string {
  return typeof header === "string" ? header : "";
}

function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}

/** Encodes a length-delimited field of a protobuf message, shorter than 16 KiB. */
export function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, (bytes.length & 0x7f) | 0x80, bytes.length >> 7]), bytes]);
}

/** Encodes the Init request of a connector. The storage's has no options, so its fields start one number earlier. */
export function initRequest(location: string, connector = "importer"): Buffer {
  const first = connector === "storage" ? 1 : 2;
  const entry = Buffer.concat([field(1, "location"), field(2, location)]);
  return Buffer.concat([field(first, "tsfs"), field(first + 1, entry)]);
}

/** Encodes the v1.1 request to open an extended attribute. */
export function openAttributeRequest(pathname: string, name: string): Buffer {
  const isXattr = Buffer.from([(4 << 3) | 0, 1]);
  return field(1, Buffer.concat([field(2, pathname), isXattr, field(5, name)]));
}
