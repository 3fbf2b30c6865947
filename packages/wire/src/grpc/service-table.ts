import type { MessageDecoder, MessageEncoder } from "../codec/message-codec.js";

/** How many messages go in either direction. The names are Connect's. */
export type MethodKind = "unary" | "server_streaming" | "client_streaming" | "bidi_streaming";

/** One RPC. */
export interface MethodTable {
  /** As the host calls it: "OpenReader". */
  readonly name: string;
  /** As an implementation has it: "openReader". */
  readonly localName: string;
  /** As "/importer.Importer/OpenReader". */
  readonly path: string;
  readonly kind: MethodKind;
  readonly input: MessageDecoder;
  readonly output: MessageEncoder;
}

/** A service as a server needs it, without descriptors. */
export interface ServiceTable {
  /** As "importer.Importer". */
  readonly typeName: string;
  readonly methods: readonly MethodTable[];
}
