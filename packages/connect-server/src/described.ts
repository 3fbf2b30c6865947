import { create, fromBinary, toBinary, type DescMessage, type DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { Code, StatusError, type ServiceTable } from "@kloset/wire/grpc";
import { type MessageCodec } from "@kloset/wire/codec";
import type { ServedService } from "@kloset/wire/grpc";
import { unreadable } from "./unreadable.js";

/** A service table that was made of a descriptor, and keeps it. */
export interface DescribedTable extends ServiceTable {
  readonly descriptor: DescService;
}

/** The table of a service: its codecs are protobuf-es', which go by the descriptor. */
export function describedTable(descriptor: DescService): DescribedTable {
  const { typeName } = descriptor;
  return {
    typeName,
    descriptor,
    methods: descriptor.methods.map(({ name, localName, methodKind, input, output }) => ({
      name,
      localName,
      path: `/${typeName}/${name}`,
      kind: methodKind,
      input: codecOf(input),
      output: codecOf(output),
    })),
  };
}

/** Serves a service by its descriptor. */
export function servedBy<S extends DescService>(descriptor: S, implementation: Partial<ServiceImpl<S>>): ServedService {
  // Checked here, where the service's type is known; forgotten beyond.
  return { service: describedTable(descriptor), implementation: implementation };
}

/**
 * The descriptor that a table was made of.
 *
 * @throws Error when it was made of none.
 */
export function descriptorOf(table: ServiceTable): DescService {
  if ("descriptor" in table) return (table as DescribedTable).descriptor;
  throw new Error(`${table.typeName} is served without its descriptor, which this server needs`);
}

function codecOf(type: DescMessage): MessageCodec {
  return {
    typeName: type.typeName,
    decode(bytes, start, end, isBorrowed) {
      // What protobuf-es decodes shares the memory of its input.
      const own = isBorrowed ? bytes.slice(start, end) : bytes.subarray(start, end);
      try {
        return fromBinary(type, own);
      } catch (error) {
        const text = unreadable(type, own) ?? (error instanceof Error ? error.message : String(error));
        throw new StatusError(text, Code.InvalidArgument);
      }
    },
    encode(message, writer) {
      const bytes = toBinary(type, create(type, message as Record<string, unknown>));
      writer.reserve(bytes.length);
      writer.buffer.set(bytes, writer.length);
      writer.length += bytes.length;
      return undefined;
    },
  };
}
