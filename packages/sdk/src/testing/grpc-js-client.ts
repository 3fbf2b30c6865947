import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  Client,
  credentials,
  type CallOptions,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientWritableStream,
} from "@grpc/grpc-js";

/** A client-streaming call. */
export interface Upload<I, O> {
  readonly requests: ClientWritableStream<I>;
  readonly response: Promise<O>;
}

/** A client built on `@grpc/grpc-js` and protobuf-es messages, which shares no code with this project. */
export class GrpcJsClient {
  readonly #client: Client;
  readonly #called = new Set<string>();

  constructor(address: string, options?: ClientOptions) {
    this.#client = new Client(address, credentials.createInsecure(), options);
  }

  /** Closes the channel, as a host does when it has finished. */
  close(): void {
    this.#client.close();
  }

  /** Returns the methods of a service that were never called. */
  notCalled(service: DescService): string[] {
    return service.methods.filter((method) => !this.#called.has(pathOf(method))).map(({ name }) => name);
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const { path, serialize, deserialize } = this.#parts(method);
      this.#client.makeUnaryRequest(path, serialize, deserialize, request, options, settle(resolve, reject));
    });
  }

  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions = {},
  ): ClientReadableStream<MessageShape<O>> {
    const { path, serialize, deserialize } = this.#parts(method);
    return this.#client.makeServerStreamRequest(path, serialize, deserialize, request, options);
  }

  clientStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    options: CallOptions = {},
  ): Upload<MessageInitShape<I>, MessageShape<O>> {
    const { path, serialize, deserialize } = this.#parts(method);
    let requests: ClientWritableStream<MessageInitShape<I>> | undefined;
    const response = new Promise<MessageShape<O>>((resolve, reject) => {
      requests = this.#client.makeClientStreamRequest(path, serialize, deserialize, options, settle(resolve, reject));
    });
    // TypeScript cannot know that the executor has already run.
    if (requests === undefined) throw new Error("unreachable: the call was not made");
    // Prevents an unhandled rejection if the test awaits the response later.
    response.catch(() => undefined);
    return { requests, response };
  }

  bidi<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options: CallOptions = {},
  ): ClientDuplexStream<MessageInitShape<I>, MessageShape<O>> {
    const { path, serialize, deserialize } = this.#parts(method);
    return this.#client.makeBidiStreamRequest(path, serialize, deserialize, options);
  }

  #parts<I extends DescMessage, O extends DescMessage>(method: DescMethod & { readonly input: I; readonly output: O }) {
    const path = pathOf(method);
    this.#called.add(path);
    return {
      path,
      serialize: (message: MessageInitShape<I>) => Buffer.from(toBinary(method.input, create(method.input, message))),
      deserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    };
  }
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

function settle<O>(
  resolve: (value: O) => void,
  reject: (error: Error) => void,
): (error: Error | null, value?: O) => void {
  return (error, value) => {
    if (error !== null) reject(error);
    else if (value === undefined) reject(new Error("neither an error nor a value"));
    else resolve(value);
  };
}
