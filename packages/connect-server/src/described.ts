import { create, fromBinary, toBinary, type DescMessage, type DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { Code, StatusError, type ServiceTable } from "@kloset/wire/grpc";
import { type MessageCodec } from "@kloset/wire/codec";
import type { ServedService } from "@kloset/wire/grpc";
import { unreadable } from "./unreadable.js";

/** A service table created from a descriptor. */
export interface DescribedTable extends ServiceTable {
  readonly descriptor: DescService;
}

/** Creates the table of a service, with the reflection-based codecs of protobuf-es. */
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

/** Combines a service with its implementation, for servers that take {@link ServedService}. */
export function servedBy<S extends DescService>(descriptor: S, implementation: Partial<ServiceImpl<S>>): ServedService {
  // The implementation is type-checked by this function's parameters only.
  return { service: describedTable(descriptor), implementation };
}

/**
 * Returns the descriptor that a table was created from.
 *
 * @throws Error if the table was not created from a descriptor.
 */
export function descriptorOf(table: ServiceTable): DescService {
  if ("descriptor" in table) return (table as DescribedTable).descriptor;
  throw new Error(`${table.typeName} is served without its descriptor, which this server needs`);
}

function codecOf(type: DescMessage): MessageCodec {
  return {
    typeName: type.typeName,
    decode(bytes, start, end, isBorrowed) {
      // Messages decoded by protobuf-es share memory with the input.
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
