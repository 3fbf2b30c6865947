import { once } from "node:events";
import { openDuplex } from "@kloset/process";
import type { Serve, Services } from "@kloset/wire/grpc";
import type { ServeDescriptors } from "@kloset/process";

/** Adapts a server for duplex streams to the host's descriptors. */
export function overDuplex(serve: Serve): ServeDescriptors<Services> {
  return (guard, flushMs) => (options) => {
    const duplex = openDuplex(guard, flushMs);
    const gone = once(duplex, "close").then(ignore, ignore);
    return {
      ...serve(duplex, options),
      release: () => {
        duplex.destroy();
        return gone;
      },
    };
  };
}

function ignore(): void {
  // The server has reported the error.
}
