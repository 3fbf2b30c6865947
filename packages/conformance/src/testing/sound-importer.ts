import type { ServiceImpl } from "@connectrpc/connect";
import type { ServedService } from "@kloset/wire/grpc";
import type { Generation } from "@kloset/host";
import { importerV1_0, importerV1_1, newImporterSession, type ImporterFactory } from "@kloset/importer";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import type { Launch } from "../launch.js";
import { launchInProcess, served, type InProcessPlugin } from "./in-process.js";

/** The services of an importer by generation. */
export interface ImporterServices {
  readonly "v1.0": ServiceImpl<typeof v1_0.importer.Importer>;
  readonly "v1.1": ServiceImpl<typeof v1_1.importer.Importer>;
}

/** Replaces a sound service by a faulty one, in one generation or both. */
export type BreakImporter = {
  readonly [G in Generation]?: ((sound: ImporterServices[G]) => ImporterServices[G]) | undefined;
};

/** Starts an importer in the test's own process. */
export function launchImporter(factory: ImporterFactory, generation: Generation, broken: BreakImporter = {}): Launch {
  return launchInProcess(() => serveImporter(factory, generation, broken));
}

function serveImporter(factory: ImporterFactory, generation: Generation, broken: BreakImporter): InProcessPlugin {
  const session = newImporterSession();
  let service: ServedService;
  if (generation === "v1.0") {
    const sound = importerV1_0(factory, session);
    service = served(v1_0.importer.Importer, broken["v1.0"]?.(sound) ?? sound);
  } else {
    const sound = importerV1_1(factory, session);
    service = served(v1_1.importer.Importer, broken["v1.1"]?.(sound) ?? sound);
  }
  return { services: [service], close: () => session.end() };
}
