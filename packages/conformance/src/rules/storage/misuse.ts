import { store as v1_1 } from "@kloset/protocol/v1.1";
import { PluginConnectionError, PluginError } from "@kloset/host";
import { requires, Violation } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import type { Harness } from "../../harness.js";
import { answerWithin } from "../../waiting.js";
import { answer, PATIENCE_MS, requireRefused } from "./refusals.js";
import { contentFor, KINDS, macFor, MiB } from "./resources.js";
import { openWire, putWhole, wireOf, type RawPut, type Wire } from "./wire.js";

const rpc = v1_1.Store.method;

/** Undefined, and a number that no generation has. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- that it is none of the enum is the point
const UNKNOWN_TYPES: readonly v1_1.StorageResource[] = [v1_1.StorageResource.UNDEFINED, 99 as v1_1.StorageResource];

/** What a host sends of a resource that is refused. More than a plugin takes without reading it. */
const REFUSED_MIB = 6;

/** Requests that can not be right. */
export const misuseRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.mac.length",
    connector: "storage",
    title: "refuses a MAC that has not 32 bytes",
    because: "A name that is cut or filled up is another resource's: a wrong one is overwritten, or deleted.",
    async check(harness) {
      const wire = await openWire(harness);
      const content = contentFor("named", 100);
      for (const kind of KINDS) {
        const { bytes } = macFor(`named ${kind}`);
        await putWhole(wire.put(kind, harness.signal), bytes, content);
        for (const length of [0, 31, 33]) {
          const mac = Buffer.alloc(length);
          // Its first bytes are those of a resource that is there.
          mac.set(bytes.subarray(0, length));
          const named = `a ${kind} by a MAC of ${length} bytes`;
          await refusesInTime(harness, `Put of ${named}`, (signal) => putWhole(wire.put(kind, signal), mac, content));
          await refusesInTime(harness, `Get of ${named}`, (signal) => wire.get(kind, mac, signal));
          await refusesInTime(harness, `Delete of ${named}`, (signal) => wire.delete(kind, mac, signal));
        }
      }
    },
  },
  {
    id: "storage.put.without-mac",
    connector: "storage",
    title: "refuses a Put whose first message names nothing, or that has no message",
    because: "What has no name can not be kept: a success would be a lost resource.",
    async check(harness) {
      const wire = await openWire(harness);
      for (const kind of KINDS) {
        await refusesInTime(harness, `Put of a ${kind} without any message`, (signal) =>
          putMessages(wire.put(kind, signal), []),
        );
        const chunk = contentFor("nameless", 100);
        await refusesInTime(harness, `Put of a ${kind} whose first message is data`, (signal) =>
          putMessages(wire.put(kind, signal), [chunk, chunk]),
        );
      }
    },
  },
  {
    id: "storage.put.failure-text",
    connector: "storage",
    title: "lets the host send all of a Put before it tells why that has failed",
    because: `A host whose Put is answered too early shows "EOF" in place of the reason: "no space left" is not told.`,
    async check(harness) {
      const wire = await openWire(harness);
      await requireDrained(harness, wire);
    },
  },
  {
    id: "storage.kind.unknown",
    connector: "storage",
    title: "refuses a kind of resource that it does not know",
    because: "What is kept as something else is not found again, and stands where something else should.",
    generations: ["v1.1"],
    async check(harness) {
      const { connection } = await harness.connect();
      const wire = wireOf(connection);
      await wire.openNew(harness);
      const { bytes: mac } = macFor("unknown");
      const content = contentFor("unknown", 100);
      for (const kind of KINDS) await putWhole(wire.put(kind, harness.signal), mac, content);
      for (const type of UNKNOWN_TYPES) {
        const named = `of type ${type}`;
        await refusesInTime(harness, `List ${named}`, (signal) => connection.unary(rpc.list, { type }, signal));
        await refusesInTime(harness, `Put ${named}`, (signal) =>
          putWhole(wire.put("state", signal, type), mac, content),
        );
        await refusesInTime(harness, `Get ${named}`, async (signal) => {
          const call = await connection.serverStream(rpc.get, { mac, type }, signal);
          while ((await call.receive()) !== undefined);
        });
        await refusesInTime(harness, `Delete ${named}`, (signal) =>
          connection.unary(rpc.delete, { mac, type }, signal),
        );
      }
    },
  },
  {
    id: "storage.init.first",
    connector: "storage",
    title: "takes nothing before Init, and does not hang",
    because: "Nobody has said yet where the store is: a Put that succeeds is lost.",
    async check(harness) {
      const { bytes: mac } = macFor("early");
      await requireNoSuccess(harness, "Put before Init", (wire, signal) =>
        putWhole(wire.put("packfile", signal), mac, contentFor("early", 100)),
      );
      await requireNoSuccess(harness, "Get before Init", (wire, signal) => wire.get("packfile", mac, signal));
    },
  },
];

async function refusesInTime(
  harness: Harness<"storage">,
  what: string,
  call: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await answerWithin(requireRefused(call(harness.signal), what), PATIENCE_MS, what);
}

async function putMessages(call: RawPut, chunks: readonly Uint8Array[]): Promise<void> {
  for (const chunk of chunks) if (!(await call.send({ chunk }))) break;
  call.halfClose();
  await call.answered();
}

/** A Put that every store refuses: whether it does is another rule's matter. */
async function requireDrained(harness: Harness<"storage">, wire: Wire): Promise<void> {
  const { bytes } = macFor("refused");
  const what = harness.generation === "v1.0" ? "a Put with a MAC of 31 bytes" : "a Put of resource type 99";
  const call = wire.put("packfile", harness.signal, 99);
  const chunk = contentFor("refused", MiB);
  let open = await call.send({ mac: harness.generation === "v1.0" ? bytes.subarray(1) : bytes });
  let sent = 0;
  for (; open && sent < REFUSED_MIB; sent++) {
    open = await call.send({ chunk });
    // By the answer to another call, an answer to this one would be there as well.
    await answer(wire.get("lock", bytes, harness.signal));
  }
  call.halfClose();
  const outcome = await answer(call.answered());
  if (!("refusal" in outcome)) harness.notApplicable(`this store accepts ${what}`);
  const { message } = outcome.refusal;
  requires(
    open,
    `${what} was refused after ${sent} of ${REFUSED_MIB} MiB, before the host had sent all of it: ${message}`,
  );
  requires(message.trim() !== "", `${what} was refused without a text`);
}

/** No host does this, so a plugin may end over it. */
async function requireNoSuccess(
  harness: Harness<"storage">,
  what: string,
  call: (wire: Wire, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { connection } = await harness.connect();
  try {
    await answerWithin(call(wireOf(connection), harness.signal), PATIENCE_MS, what);
  } catch (error) {
    if (error instanceof PluginError || error instanceof PluginConnectionError) return;
    throw error;
  }
  throw new Violation(`${what} was answered as a success`);
}
