import { setImmediate } from "node:timers/promises";
import { create, type DescMessage, type DescService, type Message } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { PluginError, StatusCode, type PluginConnection } from "@kloset/host";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import type { Harness } from "../../harness.js";
import { HOSTS_V1_1, NO_HOSTS } from "../../levels.js";
import { requires, Violation } from "../../violation.js";
import type { CommonRule } from "../../rule.js";
import { hasOneGeneration, type ConnectorKind } from "../../subject.js";
import { answerWithin } from "../../waiting.js";
import { probe } from "./workload.js";

const CANCELLED = 500;
const AT_ONCE = 64;

/** The services with one generation. */
const single = { secret_provider: v1_1.secretProvider.SecretProvider, inventory: v1_1.inventory.Inventory } as const;

/** The services by generation. */
const services = {
  "v1.0": { importer: v1_0.importer.Importer, exporter: v1_0.exporter.Exporter, storage: v1_0.store.Store, ...single },
  "v1.1": { importer: v1_1.importer.Importer, exporter: v1_1.exporter.Exporter, storage: v1_1.store.Store, ...single },
} as const;

/** The common type of the methods of all services. */
interface AnyMethod {
  readonly parent: DescService;
  readonly name: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
}

/** Returns a method without arguments. Its name may be unknown to the service. */
function callNamed({ generation, connector }: Harness<ConnectorKind>, name: string): AnyMethod {
  return { ...services[generation][connector].method.close, name };
}

/**
 * Sends the Init of the host's own client, which has every field that released hosts send.
 *
 * @param change - Changes the message before it is sent.
 * @returns The fields that later requests carry: the cookie, if the plugin has issued one.
 */
async function init(
  harness: Harness<ConnectorKind>,
  connection: PluginConnection,
  change: (request: Message) => void = () => undefined,
): Promise<{ cookie?: string }> {
  let fields: { cookie?: string } = {};
  const unary: PluginConnection["unary"] = async (method, initial, signal) => {
    const request = create(method.input, initial);
    change(request);
    const answer = await connection.unary(method, request, signal);
    if ("cookie" in answer && typeof answer.cookie === "string") fields = { cookie: answer.cookie };
    return answer;
  };
  // The client inherits everything else, and sends nothing but Init.
  await harness.open(Object.create(connection, { unary: { value: unary } }) as PluginConnection);
  return fields;
}

/** Returns the name of a method that needs Init and changes nothing. Its request may be empty. */
function readOnlyMethod({ generation, connector }: Harness<ConnectorKind>): string {
  if (connector === "secret_provider") return "Resolve";
  if (connector === "inventory") return "List";
  return generation === "v1.1" ? "Ping" : { importer: "Info", exporter: "Root", storage: "GetLocation" }[connector];
}

/** Calls the {@link readOnlyMethod} until the plugin ends the call. A secret of no name does not exist: an error. */
async function callReadOnly(
  harness: Harness<ConnectorKind>,
  connection: PluginConnection,
  method: AnyMethod,
  request: { cookie?: string },
): Promise<void> {
  if (!hasOneGeneration(harness.connector)) {
    await connection.unary(method, request);
    return;
  }
  const call = connection.call(method);
  await call.send({});
  call.halfClose();
  try {
    while ((await call.receive()) !== undefined);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
  }
}

/** Returns the error of a call that must fail. @throws Violation when it succeeds or is not answered. */
async function failure(harness: Harness<ConnectorKind>, call: Promise<unknown>, what: string): Promise<PluginError> {
  try {
    await answerWithin(call, harness.answerMs, what);
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Violation(`${what} was answered with success`);
}

/** Rules for calls, whatever the connector does. */
export const calls: readonly CommonRule[] = [
  {
    id: "process.calls.unknown-rpc",
    title: "answers an unknown RPC with UNIMPLEMENTED, and goes on",
    because: "newer hosts try RPCs that older plugins lack; a plugin that breaks on one cannot be used with them",
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { connection, client } = await harness.start();
      const { code } = await failure(harness, connection.unary(callNamed(harness, "NotThere"), {}), "an unknown RPC");
      requires(
        code === StatusCode.UNIMPLEMENTED,
        () => `an unknown RPC was answered with code ${code}, not 12 (UNIMPLEMENTED)`,
      );
      await answerWithin(probe(client), harness.answerMs, "a call after an unknown RPC");
    },
  },
  {
    id: "process.calls.unknown-fields",
    title: "ignores unknown fields",
    because: "later hosts of the same generation add fields, and send them to older plugins too",
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { connection } = await harness.connect();
      const answer = init(harness, connection, (request) => {
        // A length and three bytes; the encoder writes the tag.
        request.$unknown = [{ no: 1000, wireType: WireType.LengthDelimited, data: Uint8Array.of(3, 1, 2, 3) }];
      });
      await answerWithin(answer, harness.answerMs, "Init with an unknown field");
    },
  },
  {
    id: "process.calls.before-init",
    title: "answers a call before Init with an error",
    because: "if the plugin crashes or hangs instead, the user sees no useful message",
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { connection } = await harness.connect();
      const name = readOnlyMethod(harness);
      const { message } = await failure(harness, connection.unary(callNamed(harness, name), {}), `${name} before Init`);
      requires(message !== "", `${name} before Init was answered with an error that has no message`);
    },
  },
  {
    id: "process.calls.close-again",
    title: "answers calls after Close, at least a second Close",
    because: "hosts delete their lock after Close; a plugin that no longer answers leaves the repository locked",
    hosts: NO_HOSTS,
    check: async (harness) => {
      const { client } = await harness.start();
      await answerWithin(client.close(), harness.answerMs, "Close");
      try {
        await answerWithin(client.close(), harness.answerMs, "a second Close");
      } catch (error) {
        // An error is an answer too.
        if (!(error instanceof PluginError)) throw error;
      }
    },
  },
  {
    id: "process.calls.at-once",
    title: `answers ${AT_ONCE} concurrent calls`,
    because: "hosts read many files at the same time",
    check: async (harness) => {
      const { client } = await harness.start({ options: { maxConcurrency: AT_ONCE } });
      const all = Promise.all(Array.from({ length: AT_ONCE }, () => probe(client)));
      await answerWithin(all, harness.answerMs, `one of ${AT_ONCE} concurrent calls`);
    },
  },
  {
    id: "process.calls.cancelled",
    title: `goes on after ${CANCELLED} cancelled calls`,
    because: "hosts cancel calls throughout a backup, all on their one connection",
    hosts: HOSTS_V1_1,
    check: async (harness) => {
      const { connection } = await harness.connect();
      const request = await init(harness, connection);
      const method = callNamed(harness, readOnlyMethod(harness));
      for (let index = 0; index < CANCELLED; index++) {
        const call = connection.call(method);
        await call.send(request);
        // A call cancelled before it is sent never reaches the plugin.
        await setImmediate();
        call.cancel();
      }
      const answer = callReadOnly(harness, connection, method, request);
      await answerWithin(answer, harness.answerMs, "a call after many cancelled calls");
    },
  },
];
