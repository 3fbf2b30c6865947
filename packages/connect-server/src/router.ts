import type { DescService } from "@bufbuild/protobuf";
import { createConnectRouter, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { authorErrors } from "./author-errors.js";
import { descriptorOf } from "./described.js";
import { notServed } from "@kloset/wire/grpc";
import type { ServedService } from "@kloset/wire/grpc";

/** Connect's handler of one RPC: takes a request, gives a response, knows no HTTP server. */
type UniversalHandler = ConnectRouter["handlers"][number];
/** A response as connect's handlers give it. */
export type UniversalResponse = Awaited<ReturnType<UniversalHandler>>;

/** Finds the handler of a path. */
export interface Router {
  /** @returns undefined when the path is not served. */
  find(path: string): UniversalHandler | undefined;
  /** Why a path is not served, as grpc-go words it. */
  explain(path: string): string;
}

/** Makes connect's handlers for gRPC alone, without compression: no host asks for it. */
export function createRouter(services: readonly ServedService[], maxMessageBytes: number): Router {
  const router = createConnectRouter({
    grpcWeb: false,
    connect: false,
    readMaxBytes: maxMessageBytes,
    writeMaxBytes: maxMessageBytes,
    interceptors: [authorErrors],
  });
  for (const { service, implementation } of services) {
    router.service(descriptorOf(service), implementation as Partial<ServiceImpl<DescService>>);
  }
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return {
    find: (path) => handlers.get(path),
    explain: (path) => notServed(services, path),
  };
}
