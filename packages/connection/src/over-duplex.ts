import { once } from "node:events";
import { openDuplex } from "./duplex.js";
import type { Serve, ServeDescriptors } from "./server.js";

/** Makes a server for any duplex one for the host's descriptors. */
export function overDuplex(serve: Serve): ServeDescriptors {
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
  // How it has ended was told by the server.
}
