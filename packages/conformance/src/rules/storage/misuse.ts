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

/** The undefined type, and a number that neither generation has. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- deliberately not in the enum
const UNKNOWN_TYPES: readonly v1_1.StorageResource[] = [v1_1.StorageResource.UNDEFINED, 99 as v1_1.StorageResource];

/** The size of a resource that the plugin must reject. Larger than the windows, so that the plugin has to read it. */
const REFUSED_MIB = 6;

/** Rules about invalid requests. */
export const misuseRules: readonly ConnectorRule<"storage">[] = [
  {
    id: "storage.mac.length",
    connector: "storage",
    title: "rejects a MAC that does not have 32 bytes",
    because: "a truncated or padded MAC belongs to another resource, which would be overwritten or deleted",
    async check(harness) {
      const wire = await openWire(harness);
      const content = contentFor("named", 100);
      for (const kind of KINDS) {
        const { bytes } = macFor(`named ${kind}`);
        await putWhole(wire.put(kind, harness.signal), bytes, content);
        for (const length of [0, 31, 33]) {
          const mac = Buffer.alloc(length);
          // Starts like the MAC of an existing resource.
          mac.set(bytes.subarray(0, length));
          const named = `a ${kind} with a MAC of ${length} bytes`;
          await requireRefusedInTime(harness, `Put of ${named}`, (signal) =>
            putWhole(wire.put(kind, signal), mac, content),
          );
          await requireRefusedInTime(harness, `Get of ${named}`, (signal) => wire.get(kind, mac, signal));
          await requireRefusedInTime(harness, `Delete of ${named}`, (signal) => wire.delete(kind, mac, signal));
        }
      }
    },
  },
  {
    id: "storage.put.without-mac",
    connector: "storage",
    title: "rejects a Put without messages, or without a MAC in the first message",
    because: "a resource without a name cannot be kept: success would mean that it is lost",
    async check(harness) {
      const wire = await openWire(harness);
      for (const kind of KINDS) {
        await requireRefusedInTime(harness, `Put of a ${kind} without messages`, (signal) =>
          putMessages(wire.put(kind, signal), []),
        );
        const chunk = contentFor("nameless", 100);
        await requireRefusedInTime(harness, `Put of a ${kind} without a MAC`, (signal) =>
          putMessages(wire.put(kind, signal), [chunk, chunk]),
        );
      }
    },
  },
  {
    id: "storage.put.failure-text",
    connector: "storage",
    title: "reads a failing Put to its end before answering with the error",
    because: 'if the answer arrives too early, the host shows "EOF" in place of an error such as "no space left"',
    async check(harness) {
      const wire = await openWire(harness);
      await requireDrained(harness, wire);
    },
  },
  {
    id: "storage.kind.unknown",
    connector: "storage",
    title: "rejects an unknown kind of resource",
    because: "a resource stored as another kind cannot be found again, and may replace a different one",
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
        await requireRefusedInTime(harness, `List ${named}`, (signal) => connection.unary(rpc.list, { type }, signal));
        await requireRefusedInTime(harness, `Put ${named}`, (signal) =>
          putWhole(wire.put("state", signal, type), mac, content),
        );
        await requireRefusedInTime(harness, `Get ${named}`, async (signal) => {
          const call = await connection.serverStream(rpc.get, { mac, type }, signal);
          while ((await call.receive()) !== undefined);
        });
        await requireRefusedInTime(harness, `Delete ${named}`, (signal) =>
          connection.unary(rpc.delete, { mac, type }, signal),
        );
      }
    },
  },
  {
    id: "storage.init.first",
    connector: "storage",
    title: "accepts nothing before Init, and does not hang",
    because: "the location of the store is unknown before Init, so a Put that succeeds is lost",
    async check(harness) {
      const { bytes: mac } = macFor("early");
      await requireNoSuccess(harness, "Put before Init", (wire, signal) =>
        putWhole(wire.put("packfile", signal), mac, contentFor("early", 100)),
      );
      await requireNoSuccess(harness, "Get before Init", (wire, signal) => wire.get("packfile", mac, signal));
    },
  },
];

/** @throws Violation unless the plugin answers the call with an error in time. */
async function requireRefusedInTime(
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

/**
 * Sends a Put that every store must reject, and requires that the plugin reads all of it. That it is rejected is the
 * matter of another rule.
 */
async function requireDrained(harness: Harness<"storage">, wire: Wire): Promise<void> {
  const { bytes } = macFor("refused");
  const what = harness.generation === "v1.0" ? "a Put with a MAC of 31 bytes" : "a Put of resource type 99";
  const call = wire.put("packfile", harness.signal, 99);
  const chunk = contentFor("refused", MiB);
  let open = await call.send({ mac: harness.generation === "v1.0" ? bytes.subarray(1) : bytes });
  let sent = 0;
  for (; open && sent < REFUSED_MIB; sent++) {
    open = await call.send({ chunk });
    // Another round trip, so that an early answer to the Put has arrived.
    await answer(wire.get("lock", bytes, harness.signal));
  }
  call.halfClose();
  const outcome = await answer(call.answered());
  if (!("refusal" in outcome)) harness.notApplicable(`this store accepts ${what}`);
  const { message } = outcome.refusal;
  requires(
    open,
    `${what} was rejected after ${sent} of ${REFUSED_MIB} MiB, before the host had sent the rest: ${message}`,
  );
  requires(message.trim() !== "", `the error for ${what} has no message`);
}

/** Requires an error or the end of the plugin, which is acceptable because no host sends such calls. */
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
  throw new Violation(`${what} was answered with success`);
}
