import type { ReadyPlugin } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import { PluginError, type ExporterClientV1_0, type ExporterClientV1_1, type RestoreEntry } from "@kloset/host";
import { exporter as v1_0 } from "@kloset/protocol/v1.0";
import { requires, Violation } from "../../violation.js";
import type { Clients } from "../../clients.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { answerWithin } from "../../waiting.js";
import {
  contentAt,
  fileEntry,
  namesIn,
  parentEntries,
  placeOf,
  restoreInto,
  type ExporterHarness,
} from "./restoring.js";

const ANSWER_MS = 20_000;
const MiB = 1024 * 1024;
/** What is promised of a file that fails: no other file that the kit restores has it. */
export const UNLIKELY_SIZE = 7;

/** An exporter of generation v1.0. */
async function startV1_0(
  harness: ExporterHarness,
): Promise<ReadyPlugin<Clients["exporter"]> & { client: ExporterClientV1_0; root: string }> {
  const running = await harness.start();
  const { client } = running;
  if (client.generation !== "v1.0") throw new TypeError("a rule for v1.0 only");
  const { root } = await client.identity();
  await client.createDirectory(root);
  return { ...running, client, root };
}

async function startV1_1(
  harness: ExporterHarness,
): Promise<ReadyPlugin<Clients["exporter"]> & { client: ExporterClientV1_1 }> {
  const running = await harness.start();
  const { client } = running;
  if (client.generation !== "v1.1") throw new TypeError("a rule for v1.1 only");
  return { ...running, client };
}

/** @throws Violation when a call succeeds; @returns The error that the plugin answered. */
async function refusal(call: Promise<unknown>, what: string): Promise<PluginError> {
  try {
    await answerWithin(call, ANSWER_MS, what);
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Violation(`${what} was answered with success`);
}

/** Sends a file whose header promises a size, and then other bytes than that. @returns How far it was taken, and the answer. */
async function storeUnlike(
  harness: ExporterHarness,
  promised: number,
  content: Uint8Array,
): Promise<{ taken: boolean; answer: Promise<unknown> }> {
  const { connection, root } = await startV1_0(harness);
  const call = connection.call(v1_0.Exporter.method.storeFile);
  let taken = await call.send({
    type: { case: "header", value: { pathname: `${root}/file`, size: BigInt(promised) } },
  });
  for (let at = 0; taken && at < content.length; at += MiB) {
    taken = await call.send({ type: { case: "data", value: { chunk: content.subarray(at, at + MiB) } } });
  }
  call.halfClose();
  return { taken, answer: call.receive() };
}

/** Begins a file, and lets nothing more come. */
async function begin(harness: ExporterHarness, end: "half-close" | "cancel"): Promise<string | undefined> {
  const content = knownContent("broken off", 2 * MiB);
  if (harness.generation === "v1.0") {
    const { connection, root, client } = await startV1_0(harness);
    const call = connection.call(v1_0.Exporter.method.storeFile);
    await call.send({ type: { case: "header", value: { pathname: `${root}/file`, size: BigInt(3 * MiB) } } });
    await call.send({ type: { case: "data", value: { chunk: content.subarray(0, MiB) } } });
    await call.send({ type: { case: "data", value: { chunk: content.subarray(MiB) } } });
    if (end === "cancel") call.cancel();
    else call.halfClose();
    const error = await answerWithin(call.receive(), ANSWER_MS, "a file that was broken off").then(
      () => undefined,
      String,
    );
    // It has let go of the file by the time that it has answered this.
    await client.close();
    return error;
  }
  const { client } = await startV1_1(harness);
  const stream = client.export();
  const outcome = (async (): Promise<string | undefined> => {
    try {
      for await (const { pathname, error } of stream.results()) if (pathname === "/file") return error;
    } catch (error) {
      return String(error);
    }
    return undefined;
  })();
  for (const entry of parentEntries("/file")) await stream.sendRecord(entry);
  await stream.sendRecord(fileEntry("/file", 3 * MiB));
  await stream.sendContent(content);
  if (end === "cancel") stream.cancel();
  else stream.halfClose();
  const error = await answerWithin(outcome, ANSWER_MS, "a file that was broken off");
  await client.close();
  return error;
}

/** @throws Violation when some of a file that was broken off is where the whole should be, or anywhere in sight. */
async function requireNothingKept(harness: ExporterHarness): Promise<void> {
  const content = await contentAt(harness, "/file");
  requires(
    content === undefined,
    () => `${String(content?.length)} bytes of a file that was broken off were kept under its name`,
  );
  const names = await namesIn(harness);
  requires(
    names.length === 0,
    () => `left of a file that was broken off: ${names.map((name) => JSON.stringify(name)).join(", ")}`,
  );
}

/** What becomes of one file. */
export const files: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.files.replaced",
    connector: "exporter",
    title: "replaces a file that is there, longer or not",
    because: "users restore over what they have: the rest of a longer file would stay at the end of the restored one",
    check: async (harness) => {
      placeOf(harness, "/");
      const before = fileEntry("/file", 5000);
      const after: RestoreEntry = { ...fileEntry("/file", 100), read: () => knownContent("after", 100) };
      for (const entry of [before, after]) await restoreInto(harness, [...parentEntries("/file"), entry]);
      requireSameBytes(
        (await contentAt(harness, "/file")) ?? new Uint8Array(),
        knownContent("after", 100),
        "a file restored over another",
      );
    },
  },
  {
    id: "exporter.files.short",
    connector: "exporter",
    title: "fails a file of which less comes than was promised",
    because:
      "so the plugin learns that the host's source has failed: the file would be kept short, and the restore look whole",
    generations: ["v1.0"],
    check: async (harness) => {
      const { answer } = await storeUnlike(harness, 1000, knownContent("short", 999));
      const { message } = await refusal(answer, "a file that is a byte short");
      requires(message !== "", "a short file was refused without a text");
    },
  },
  {
    id: "exporter.files.long",
    connector: "exporter",
    title: "fails a file of which more comes than was promised",
    because: "host and plugin do not mean the same file then: nobody knows what was kept",
    generations: ["v1.0"],
    check: async (harness) => {
      const { answer } = await storeUnlike(harness, 1000, knownContent("long", 1001));
      const { message } = await refusal(answer, "a file that is a byte too long");
      requires(message !== "", "a file that is too long was refused without a text");
    },
  },
  {
    id: "exporter.files.drained",
    connector: "exporter",
    title: "takes all that the host sends of a file that fails, and then answers",
    because: 'the host shows "EOF" in place of the message when the answer comes while it is still sending',
    generations: ["v1.0"],
    check: async (harness) => {
      const { taken, answer } = await storeUnlike(harness, UNLIKELY_SIZE, knownContent("drained", 12 * MiB));
      // That it fails is another rule's matter.
      await answerWithin(answer, ANSWER_MS, "a file that is too long").catch(() => undefined);
      requires(taken, "the plugin ended the call while the host was still sending");
    },
  },
  {
    id: "exporter.files.broken-off.fails",
    connector: "exporter",
    title: "fails a file that the host ends in its middle",
    because: "a host whose source fails half-closes the stream: a success would call half a file whole",
    // On v1.0 that is a file of which less comes than was promised.
    generations: ["v1.1"],
    check: async (harness) => {
      const error = await begin(harness, "half-close");
      requires(error !== undefined, "a file that was broken off was answered with success");
    },
  },
  {
    id: "exporter.files.broken-off.keeps-nothing",
    connector: "exporter",
    title: "keeps nothing of a file that the host ends in its middle",
    because: "half a file under the right name is taken for the whole, by users and by programs",
    check: async (harness) => {
      placeOf(harness, "/");
      await begin(harness, "half-close");
      await requireNothingKept(harness);
    },
  },
  {
    id: "exporter.files.cancelled",
    connector: "exporter",
    title: "keeps nothing of a file that is cancelled in its middle",
    because: "users interrupt restores: half a file under the right name is taken for the whole",
    check: async (harness) => {
      placeOf(harness, "/");
      await begin(harness, "cancel");
      await requireNothingKept(harness);
    },
  },
  {
    id: "exporter.files.at-once",
    connector: "exporter",
    title: "stores eight files at once, each with its own bytes",
    because: "hosts restore as many files at once as the user has set",
    generations: ["v1.0"],
    check: async (harness) => {
      placeOf(harness, "/");
      const { client, root } = await startV1_0(harness);
      const names = Array.from({ length: 8 }, (_, index) => `file-${index}`);
      await Promise.all(names.map((name) => client.storeFile(`${root}/${name}`, knownContent(name, 300_000), 300_000)));
      for (const name of names) {
        requireSameBytes((await contentAt(harness, `/${name}`)) ?? new Uint8Array(), knownContent(name, 300_000), name);
      }
    },
  },
  {
    id: "exporter.folders.again",
    connector: "exporter",
    title: "makes a folder that is there, and its missing parents",
    because: "hosts ask for the parent of each file again before they send it",
    generations: ["v1.0"],
    check: async (harness) => {
      const { client, root } = await startV1_0(harness);
      await client.createDirectory(`${root}/one/two/three`);
      await client.createDirectory(`${root}/one/two/three`);
      await client.createDirectory(`${root}/one`);
    },
  },
];
