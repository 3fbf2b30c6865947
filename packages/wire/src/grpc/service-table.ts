import type { MessageDecoder, MessageEncoder } from "../codec/message-codec.js";

/** The number of messages (one or a stream) in each direction. Connect uses the same names. */
export type MethodKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

/** One RPC. */
export interface MethodTable {
  /** The name in the proto, for example "OpenReader". */
  readonly name: string;
  /** The name in an implementation, for example "openReader". */
  readonly localName: string;
  /** For example "/importer.Importer/OpenReader". */
  readonly path: string;
  readonly kind: MethodKind;
  readonly input: MessageDecoder;
  readonly output: MessageEncoder;
}

/** The description of a service for a server, without protobuf descriptors. */
export interface ServiceTable {
  /** The full name, for example "importer.Importer". */
  readonly typeName: string;
  readonly methods: readonly MethodTable[];
}
