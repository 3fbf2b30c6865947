import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";

/**
 * The implementation of a service, keyed by the local names of its methods. Compatible with Connect's `ServiceImpl`,
 * whose declarations would require those of a browser.
 *
 * @typeParam Context - The context of a call: a part of Connect's `HandlerContext`.
 */
export type ServiceImplementation<Service extends DescService, Context> = {
  [Name in keyof Service["method"]]: MethodImplementation<Service["method"][Name], Context>;
};

type MethodImplementation<Method extends DescMethod, Context> =
  Method extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: Context) => MessageInitShape<O> | Promise<MessageInitShape<O>>
    : Method extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: Context) => AsyncIterable<MessageInitShape<O>>
      : Method extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, context: Context) => Promise<MessageInitShape<O>>
        : Method extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageShape<I>>, context: Context) => AsyncIterable<MessageInitShape<O>>
          : never;
