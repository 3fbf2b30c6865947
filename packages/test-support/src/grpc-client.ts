import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";

/** The outcome of a call. `code` is -1 if no status was received. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

/** The properties of a generated method that a client needs. */
export interface Method<I extends DescMessage, O extends DescMessage> {
  readonly name: string;
  readonly parent: { readonly typeName: string };
  readonly input: I;
  readonly output: O;
}

/** Encodes a gRPC message with its prefix. */
export function envelope(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** A call that the test controls: when to send, when to read, and how to end. */
export class Call<I extends DescMessage, O extends DescMessage> {
  readonly status: Promise<Status>;
  readonly #buffers: Buffer[] = [];

  constructor(
    readonly stream: ClientHttp2Stream,
    readonly method: Method<I, O>,
  ) {
    stream.on("error", () => undefined);
    this.status = new Promise((resolve) => {
      const look = (headers: IncomingHttpHeaders): void => {
        const { "grpc-status": code, "grpc-message": message } = headers;
        if (code !== undefined) resolve({ code: Number(code), message: decodeURIComponent(String(message ?? "")) });
      };
      stream.on("response", look).on("trailers", look);
      stream.once("close", () => {
        resolve({ code: -1, message: "" });
      });
    });
  }

  /** Sends a message; resolves when Node's HTTP/2 session has accepted it. */
  send(message: MessageInitShape<I>): Promise<void> {
    return this.sendBytes(envelope(toBinary(this.method.input, create(this.method.input, message))));
  }

  sendBytes(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.stream.write(bytes, () => {
        resolve();
      });
    });
  }

  halfClose(): this {
    this.stream.end();
    return this;
  }

  reset(code: number): void {
    this.stream.close(code);
  }

  /** Yields the messages as they arrive, until the stream ends. */
  async *messages(): AsyncGenerator<MessageShape<O>> {
    for await (const chunk of this.stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      this.#buffers.push(chunk);
      for (let message = this.#take(); message !== undefined; message = this.#take()) yield message;
    }
  }

  #take(): MessageShape<O> | undefined {
    const all = Buffer.concat(this.#buffers.splice(0));
    const end = all.length < 5 ? Infinity : 5 + all.readUInt32BE(1);
    this.#buffers.push(end > all.length ? all : all.subarray(end));
    return end > all.length ? undefined : fromBinary(this.method.output, all.subarray(5, end));
  }

  /** Reads all messages and the status. */
  async finish(): Promise<{ messages: MessageShape<O>[]; status: Status }> {
    const messages: MessageShape<O>[] = [];
    try {
      for await (const message of this.messages()) messages.push(message);
    } catch {
      // The status shows the failure.
    }
    return { messages, status: await this.status };
  }
}

/** A low-level gRPC client over one duplex, which plays the host in tests. */
export class GrpcClient {
  readonly session: ClientHttp2Session;
  readonly closed: Promise<void>;

  constructor(duplex: Duplex, options: { initialWindowSize?: number } = {}) {
    this.session = connect("http://127.0.0.1:0", { createConnection: () => duplex, settings: options });
    this.session.on("error", () => undefined);
    this.closed = new Promise((resolve) => this.session.once("close", resolve));
  }

  open<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    headers: Record<string, string> = {},
  ): Call<I, O> {
    const stream = this.session.request({
      ":method": "POST",
      ":path": `/${method.parent.typeName}/${method.name}`,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "grpc-go/1.81.1",
      ...headers,
    });
    return new Call(stream, method);
  }

  /** Makes a call with one request. */
  async call<I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    message: MessageInitShape<I>,
  ): Promise<{ messages: MessageShape<O>[]; status: Status }> {
    const call = this.open(method);
    void call.send(message);
    return call.halfClose().finish();
  }
}
