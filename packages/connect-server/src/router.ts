import type { DescService } from "@bufbuild/protobuf";
import { createConnectRouter, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { authorErrors } from "./author-errors.js";
import { descriptorOf } from "./described.js";
import { notServed } from "@kloset/wire/grpc";
import type { ServedService } from "@kloset/wire/grpc";

/** Connect's handler of one RPC, which maps a request to a response independently of any HTTP server. */
type UniversalHandler = ConnectRouter["handlers"][number];
/** A response of a {@link UniversalHandler}. */
export type UniversalResponse = Awaited<ReturnType<UniversalHandler>>;

/** Finds the handler of a path. */
export interface Router {
  /** Returns the handler of a path; undefined if the path is not served. */
  find(path: string): UniversalHandler | undefined;
  /** Returns the reason why a path is not served, in the wording of grpc-go. */
  explain(path: string): string;
}

/** Creates Connect's handlers for gRPC only, without compression, which no host requests. */
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
