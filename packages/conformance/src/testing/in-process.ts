import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { ServedService, Services } from "@kloset/wire/grpc";
import { servedBy } from "@kloset/connect-server";
import type { PluginExit } from "@kloset/host";
import { serveFramed } from "@kloset/server";
import type { Launch } from "../launch.js";
import { duplexPair } from "@kloset/test-support";

/** A plugin's services, and a function to call when the host is gone. */
export interface InProcessPlugin {
  readonly services: Services;
  readonly close: () => Promise<void>;
}

/**
 * Serves a plugin in the test's own process, a new one for each launch. Checking all broken plugins then takes seconds
 * instead of minutes.
 */
export function launchInProcess(make: () => InProcessPlugin): Launch {
  return async () => {
    const [host, plugin] = duplexPair();
    const { services, close } = make();
    const server = serveFramed(plugin, { services });
    const ended: PluginExit = { code: 0, signal: null };
    const exited = server.closed.then(close).then(
      () => ended,
      () => ended,
    );
    const stop = (): Promise<PluginExit> => {
      server.close();
      return exited;
    };
    return { transport: host, pid: undefined, exited, stderrText: () => "", stop, kill: stop };
  };
}

/** Pairs a service with its implementation, with the types checked and then erased. */
export function served<S extends DescService>(service: S, implementation: ServiceImpl<S>): ServedService {
  return servedBy(service, implementation);
}
