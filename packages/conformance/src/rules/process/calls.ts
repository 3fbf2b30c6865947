import { setImmediate } from "node:timers/promises";
import { create, type DescMessage, type DescService, type MessageInitShape } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { PluginError, StatusCode } from "@kloset/host";
import * as v1_0 from "@kloset/protocol/v1.0";
import * as v1_1 from "@kloset/protocol/v1.1";
import type { Bench } from "../../bench.js";
import { requires, Violation, type CommonRule } from "../../rule.js";
import type { ConnectorKind } from "../../subject.js";
import { answerWithin } from "../../until.js";
import { poke } from "./work.js";

const ANSWER_MS = 10_000;
const CANCELLED = 500;
const AT_ONCE = 64;

/** The services' Init and Close, by generation. */
const services = {
  "v1.0": { importer: v1_0.importer.Importer, exporter: v1_0.exporter.Exporter, storage: v1_0.store.Store },
  "v1.1": { importer: v1_1.importer.Importer, exporter: v1_1.exporter.Exporter, storage: v1_1.store.Store },
} as const;

/** The type that the services of all connectors and generations have in common. */
interface AnyMethod {
  readonly parent: DescService;
  readonly name: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
}

function methodOf({ generation, connector }: Bench<ConnectorKind>, name: "init" | "close"): AnyMethod {
  return services[generation][connector].method[name];
}

/** A call without arguments, by its name, which may be one that is not there. */
function callNamed(bench: Bench<ConnectorKind>, name: string): AnyMethod {
  return { ...methodOf(bench, "close"), name };
}

/** The name of a call without arguments that needs Init, and changes nothing. */
function harmless({ generation, connector }: Bench<ConnectorKind>): string {
  return generation === "v1.1" ? "Ping" : { importer: "Info", exporter: "Root", storage: "GetLocation" }[connector];
}

/** Makes a call that must fail. @returns The error. @throws Violation when it succeeds or is not answered. */
async function failure(call: Promise<unknown>, what: string): Promise<PluginError> {
  try {
    await answerWithin(call, ANSWER_MS, what);
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Violation(`${what} was answered with success`);
}

/** What every connector answers, whatever its work is. */
export const calls: readonly CommonRule[] = [
  {
    id: "process.calls.unknown-rpc",
    title: "answers an RPC that it does not know with UNIMPLEMENTED, and goes on",
    because: "newer hosts try what older plugins do not have; a plugin that breaks on it can not be used with them",
    check: async (bench) => {
      const { connection, client } = await bench.start();
      const { code } = await failure(connection.unary(callNamed(bench, "NotThere"), {}), "an unknown RPC");
      requires(
        code === StatusCode.UNIMPLEMENTED,
        () => `an unknown RPC was answered with code ${code}, not 12 (UNIMPLEMENTED)`,
      );
      await answerWithin(poke(client), ANSWER_MS, "a call after an unknown RPC");
    },
  },
  {
    id: "process.calls.unknown-fields",
    title: "ignores fields that it does not know",
    because: "later hosts of the same generation add fields; they can not be told to leave them out",
    check: async (bench) => {
      const { connection } = await bench.connect();
      const init = methodOf(bench, "init");
      const { location, config = {} } = bench.initOptions();
      const fields = { proto: location.slice(0, location.indexOf(":")), config: { ...config, location } };
      const message = create(init.input, fields as MessageInitShape<DescMessage>);
      // Three bytes, and their length: tags are the encoder's.
      message.$unknown = [{ no: 1000, wireType: WireType.LengthDelimited, data: Uint8Array.of(3, 1, 2, 3) }];
      await answerWithin(connection.unary(init, message), ANSWER_MS, "Init with an unknown field");
    },
  },
  {
    id: "process.calls.before-init",
    title: "answers a call that comes before Init with an error",
    because: "a plugin that crashes or hangs there takes the host's message with it",
    check: async (bench) => {
      const { connection } = await bench.connect();
      const name = harmless(bench);
      const { message } = await failure(connection.unary(callNamed(bench, name), {}), `${name} before Init`);
      requires(message !== "", `${name} before Init was answered with an error without a text`);
    },
  },
  {
    id: "process.calls.close-again",
    title: "answers what comes after Close, a second Close at least",
    because: "hosts delete their lock after Close: a plugin that no longer answers then leaves the repository locked",
    check: async (bench) => {
      const { client } = await bench.start();
      await answerWithin(client.close(), ANSWER_MS, "Close");
      try {
        await answerWithin(client.close(), ANSWER_MS, "a second Close");
      } catch (error) {
        // Refused is answered.
        if (!(error instanceof PluginError)) throw error;
      }
    },
  },
  {
    id: "process.calls.at-once",
    title: `answers ${AT_ONCE} calls that come at once`,
    because: "hosts read many files at the same time",
    check: async (bench) => {
      const { client } = await bench.start();
      const all = Promise.all(Array.from({ length: AT_ONCE }, () => poke(client)));
      await answerWithin(all, ANSWER_MS, `one of ${AT_ONCE} calls at once`);
    },
  },
  {
    id: "process.calls.cancelled",
    title: `goes on when ${CANCELLED} calls were cancelled`,
    because: "hosts cancel what they no longer want, through a whole backup, on the one connection they have",
    check: async (bench) => {
      const { connection, client } = await bench.start();
      const method = callNamed(bench, harmless(bench));
      for (let index = 0; index < CANCELLED; index++) {
        const call = connection.call(method);
        await call.send({});
        // What is cancelled before it has left was never a call.
        await setImmediate();
        call.cancel();
      }
      await answerWithin(poke(client), ANSWER_MS, "a call after many cancelled ones");
    },
  },
];
