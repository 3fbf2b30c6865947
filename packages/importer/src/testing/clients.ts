import { createClient, createRouterTransport, type Client, type ServiceImpl } from "@connectrpc/connect";
import { Session } from "@kloset/adapter";
import type { ConnectorContext } from "@kloset/model";
import { importer as v1_0 } from "@kloset/protocol/v1.0";
import { importer as v1_1 } from "@kloset/protocol/v1.1";
import type { Importer } from "../importer.js";
import type { ImporterSession } from "../session.js";
import { importerV1_0 } from "../v1_0.js";
import { importerV1_1 } from "../v1_1.js";

/** The Init request of every test. */
export const initRequest = {
  proto: "tsfs",
  config: { location: "tsfs:///srv" },
  options: { hostname: "vm", os: "linux", arch: "amd64", cwd: "/home", maxconcurrency: 2n },
};

/** Creates a session with deadlines suited to tests. */
export function newSession(): ImporterSession {
  return new Session({ drainDeadlineMs: 60_000, abortDeadlineMs: 1 });
}

type Factory = Importer | ((context: ConnectorContext) => Importer | Promise<Importer>);

function factoryOf(importer: Factory): (context: ConnectorContext) => Importer | Promise<Importer> {
  return typeof importer === "function" ? importer : () => importer;
}

export function clientV1_0(importer: Factory, session = newSession()): Client<typeof v1_0.Importer> {
  const transport = createRouterTransport(({ service }) => {
    service(v1_0.Importer, importerV1_0(factoryOf(importer), session));
  });
  return createClient(v1_0.Importer, transport);
}

export function clientV1_1(importer: Factory, session = newSession()): Client<typeof v1_1.Importer> {
  const transport = createRouterTransport(({ service }) => {
    service(v1_1.Importer, importerV1_1(factoryOf(importer), session));
  });
  return createClient(v1_1.Importer, transport);
}

/** Creates a client and sends Init. */
export async function initialisedV1_0(importer: Factory): Promise<Client<typeof v1_0.Importer>> {
  const client = clientV1_0(importer);
  await client.init(initRequest);
  return client;
}

export async function initialisedV1_1(importer: Factory): Promise<Client<typeof v1_1.Importer>> {
  const client = clientV1_1(importer);
  await client.init(initRequest);
  return client;
}

interface Served<S> {
  readonly service: S;
  readonly session: ImporterSession;
}

/** Returns the service itself, for tests that cancel calls, which a client cannot do. */
export async function serviceV1_0(
  importer: Importer,
  session = newSession(),
): Promise<Served<ServiceImpl<typeof v1_0.Importer>>> {
  const service = importerV1_0(() => importer, session);
  await clientV1_0(importer, session).init(initRequest);
  return { service, session };
}

export async function serviceV1_1(
  importer: Importer,
  session = newSession(),
): Promise<Served<ServiceImpl<typeof v1_1.Importer>>> {
  const service = importerV1_1(() => importer, session);
  await clientV1_1(importer, session).init(initRequest);
  return { service, session };
}
