import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { ReadyPlugin, StartOptions } from "../../harness.js";
import { requireSameBytes } from "../../bytes.js";
import {
  PluginError,
  restore,
  type ExporterClientV1_0,
  type ExporterClientV1_1,
  type RestoreEntry,
} from "@kloset/host";
import { NO_HOSTS } from "../../levels.js";
import { requires, Violation } from "../../violation.js";
import type { Clients } from "../../clients.js";
import type { ConnectorRule } from "../../rule.js";
import { knownContent } from "../../tree/known-tree.js";
import { fileEntry, parentEntries } from "../../tree/restore-entries.js";
import { answerWithin } from "../../waiting.js";
import { contentAt, namesIn, requireRestored } from "./restored.js";
import { below, placeOf, restoreInto, type ExporterHarness } from "./restoring.js";

const ANSWER_MS = 20_000;
const MiB = 1024 * 1024;
/** A whole file that is restored after a truncated one. */
const AFTER = "/after";
/** The size of a file that must fail: larger than the windows, so that the plugin has to read it. */
export const REFUSED_BYTES = 12 * MiB;
/** The sizes of files that must be stored when they are answered. No other file of the kit has one of them. */
export const STORED_SIZES: readonly number[] = Array.from({ length: 16 }, (_, index) => 200_003 + index);

/** Starts an exporter of generation v1.0, and creates its root. */
async function startV1_0(
  harness: ExporterHarness,
  options: StartOptions = {},
): Promise<ReadyPlugin<Clients["exporter"]> & { client: ExporterClientV1_0; root: string }> {
  const running = await harness.start(options);
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

/** Returns the error that the plugin answers. @throws Violation when the call succeeds. */
async function expectError(call: Promise<unknown>, what: string): Promise<PluginError> {
  try {
    await answerWithin(call, ANSWER_MS, what);
  } catch (error) {
    if (error instanceof PluginError) return error;
    throw error;
  }
  throw new Violation(`expected an error for ${what}, got success`);
}

/** Sends a file whose content differs in size from its header. @returns The plugin's answer. */
async function storeWithWrongSize(harness: ExporterHarness, promised: number, content: Uint8Array): Promise<unknown> {
  const { client, root } = await startV1_0(harness);
  return await client.storeFile(below(root, "/file"), content, promised);
}

/** Sends the beginning of a file, then ends the call. @returns The error for the file, or undefined if it succeeded. */
async function storeTruncated(harness: ExporterHarness, end: "half-close" | "cancel"): Promise<string | undefined> {
  const content = knownContent("broken off", 2 * MiB);
  if (harness.generation === "v1.0") {
    const { root, client } = await startV1_0(harness);
    const cancel = new AbortController();
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield content;
      if (end === "cancel") cancel.abort(new Error("the host cancelled the file"));
    };
    const answer = client.storeFile(below(root, "/file"), source(), 3 * MiB, cancel.signal);
    const error = await answerWithin(answer, ANSWER_MS, "a truncated file").then(() => undefined, String);
    // Once Close is answered, the plugin no longer uses the file.
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
  const error = await answerWithin(outcome, ANSWER_MS, "a truncated file");
  await client.close();
  return error;
}

/** @throws Violation when anything is left of a truncated file, under its own name or any other. */
async function requireNothingKept(harness: ExporterHarness): Promise<void> {
  if (harness.subject.readBack !== undefined) {
    // Restored anew, as users do: importers report an error for a source that does not exist at all.
    await harness.stop();
    await restoreInto(harness, [...parentEntries(AFTER), fileEntry(AFTER, 100)]);
  }
  const content = await contentAt(harness, "/file");
  requires(
    content === undefined,
    () => `${String(content?.length)} bytes of a truncated file were kept under its name`,
  );
  const names = (await namesIn(harness)).filter((name) => `/${name}` !== AFTER);
  requires(
    names.length === 0,
    () => `left over from a truncated file: ${names.map((name) => JSON.stringify(name)).join(", ")}`,
  );
}

/**
 * Restores files, one of them below a file that is in the way of its folder, then kills the plugin.
 *
 * @param onStored - Called with the pathname of each file that the plugin answers with success.
 */
async function restoreBlocked(
  harness: ExporterHarness,
  sizes: ReadonlyMap<string, number>,
  onStored: (pathname: string) => void,
): Promise<void> {
  const { client, plugin } = await harness.start();
  if (client.generation === "v1.0") {
    const { root } = await client.identity();
    await client.createDirectory(root);
    await client.createDirectory(below(root, "/blocked")).catch((error: unknown) => {
      if (!(error instanceof PluginError)) throw error;
    });
    for (const [pathname, size] of sizes) {
      try {
        await client.storeFile(below(root, pathname), knownContent(pathname, size), size);
        onStored(pathname);
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
      }
    }
    // An exporter may report again what has failed.
    await client.close().catch((error: unknown) => {
      if (!(error instanceof PluginError)) throw error;
    });
  } else {
    const entries = [...sizes].map(([pathname, size]) => fileEntry(pathname, size));
    await restore(client, [...parentEntries("/blocked/file"), ...entries], {
      onRestored: (pathname) => {
        if (sizes.has(pathname)) onStored(pathname);
      },
      onError: () => undefined,
      signal: harness.signal,
    });
  }
  await plugin.kill();
}

/** Returns, for each file that the plugin answers with success, its content at that moment. */
async function contentsWhenAnswered(
  harness: ExporterHarness,
  sizes: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
  const contents = new Map<string, Uint8Array | undefined>();
  await writeFile(placeOf(harness, "/blocked"), "in the way");
  await restoreBlocked(harness, sizes, (pathname) => {
    // Read without a pause: the plugin may be about to store the file.
    contents.set(pathname, contentNow(harness, pathname));
  });
  return contents;
}

/**
 * Returns, for each file that the plugin answers with success, its content after Close. What was not stored by then is
 * lost: the plugin is killed.
 */
async function contentsReadBack(
  harness: ExporterHarness,
  sizes: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
  await restoreInto(harness, [...parentEntries("/blocked"), fileEntry("/blocked", 10)]);
  await harness.stop();
  const stored: string[] = [];
  await restoreBlocked(harness, sizes, (pathname) => stored.push(pathname));
  const contents = new Map<string, Uint8Array | undefined>();
  for (const pathname of stored) contents.set(pathname, await contentAt(harness, pathname));
  return contents;
}

/** Returns the content of a file; undefined if it does not exist. */
function contentNow(harness: ExporterHarness, pathname: string): Uint8Array | undefined {
  try {
    return readFileSync(placeOf(harness, pathname));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Rules about single files. */
export const files: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.files.replaced",
    connector: "exporter",
    title: "replaces an existing file, whether it is longer or shorter",
    because: "users restore over existing files: the rest of a longer one would stay at the end of the restored file",
    check: async (harness) => {
      requireRestored(harness);
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
    id: "exporter.files.stored",
    connector: "exporter",
    title: "answers a file with success only once it is stored",
    because: "the error of a later write, such as of a full disk, is never reported: the file is lost unnoticed",
    check: async (harness) => {
      const sizes = new Map(STORED_SIZES.map((size) => [`/stored-${size}`, size]));
      sizes.set("/blocked/file", 1000);
      requireRestored(harness);
      // The folder shows more: the content at the moment of the answer.
      const [contents, when] = harness.seesDirectory
        ? [await contentsWhenAnswered(harness, sizes), "when it was answered with success"]
        : [await contentsReadBack(harness, sizes), "after a restore that answered it with success"];
      for (const [pathname, content] of contents) {
        const what = `${JSON.stringify(pathname)} ${when}`;
        requires(content !== undefined, `${what} did not exist`);
        requireSameBytes(content, knownContent(pathname, sizes.get(pathname) ?? 0), what);
      }
    },
  },
  {
    id: "exporter.files.short",
    connector: "exporter",
    title: "fails a file whose content is shorter than its header states",
    because: "this is how a plugin learns that the host's source has failed; otherwise a truncated file looks restored",
    generations: ["v1.0"],
    check: async (harness) => {
      const answer = storeWithWrongSize(harness, 1000, knownContent("short", 999));
      const { message } = await expectError(answer, "a file that is one byte too short");
      requires(message !== "", "the error for a file that is too short has no message");
    },
  },
  {
    id: "exporter.files.long",
    connector: "exporter",
    title: "fails a file whose content is longer than its header states",
    because: "the host and the plugin disagree about the file, so the stored content cannot be trusted",
    hosts: NO_HOSTS,
    generations: ["v1.0"],
    check: async (harness) => {
      const answer = storeWithWrongSize(harness, 1000, knownContent("long", 1001));
      const { message } = await expectError(answer, "a file that is one byte too long");
      requires(message !== "", "the error for a file that is too long has no message");
    },
  },
  {
    id: "exporter.files.drained",
    connector: "exporter",
    title: "reads a failing file to its end before answering",
    because: 'if the answer arrives while the host is still sending, the host shows "EOF" in place of the message',
    generations: ["v1.0"],
    check: async (harness) => {
      const { client, root } = await startV1_0(harness);
      // As when a user restores over other files. A folder with content is not replaced.
      await client.createDirectory(below(root, "/folder"));
      await client.storeFile(below(root, "/folder/file"), knownContent("/folder/file", 100), 100);
      let taken = false;
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield knownContent("drained", REFUSED_BYTES);
        taken = true;
      };
      const what = "a file in place of a folder";
      try {
        await answerWithin(client.storeFile(below(root, "/folder"), source(), REFUSED_BYTES), ANSWER_MS, what);
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        requires(taken, "the plugin ended the call while the host was still sending");
        return;
      }
      harness.notApplicable(`this exporter accepts ${what}`);
    },
  },
  {
    id: "exporter.files.broken-off.fails",
    connector: "exporter",
    title: "fails a file when the host half-closes in the middle of it",
    because: "a host whose source fails half-closes the stream: success would report half a file as complete",
    // On v1.0, this is the rule exporter.files.short.
    generations: ["v1.1"],
    check: async (harness) => {
      const error = await storeTruncated(harness, "half-close");
      requires(error !== undefined, "a truncated file was answered with success");
    },
  },
  {
    id: "exporter.files.broken-off.keeps-nothing",
    connector: "exporter",
    title: "keeps nothing of a file when the host half-closes in the middle of it",
    because: "users and programs take half a file under the right name for the whole file",
    check: async (harness) => {
      requireRestored(harness);
      await storeTruncated(harness, "half-close");
      await requireNothingKept(harness);
    },
  },
  {
    id: "exporter.files.cancelled",
    connector: "exporter",
    title: "keeps nothing of a file when the host cancels the call in the middle of it",
    because: "users interrupt restores, and then take half a file under the right name for the whole file",
    check: async (harness) => {
      requireRestored(harness);
      await storeTruncated(harness, "cancel");
      await requireNothingKept(harness);
    },
  },
  {
    id: "exporter.files.at-once",
    connector: "exporter",
    title: "stores eight files at once, each with its own content",
    because: "hosts restore as many files at once as the user has configured",
    generations: ["v1.0"],
    check: async (harness) => {
      requireRestored(harness);
      const { client, root } = await startV1_0(harness, { options: { maxConcurrency: 8 } });
      const names = Array.from({ length: 8 }, (_, index) => `file-${index}`);
      await Promise.all(names.map((name) => client.storeFile(below(root, name), knownContent(name, 300_000), 300_000)));
      await client.close();
      for (const name of names) {
        requireSameBytes((await contentAt(harness, `/${name}`)) ?? new Uint8Array(), knownContent(name, 300_000), name);
      }
    },
  },
  {
    id: "exporter.folders.again",
    connector: "exporter",
    title: "creates a folder together with its missing parents, and accepts an existing one",
    because: "hosts request the parent folder again before each file",
    generations: ["v1.0"],
    check: async (harness) => {
      const { client, root } = await startV1_0(harness);
      for (const pathname of ["/one/two/three", "/one/two/three", "/one"])
        await client.createDirectory(below(root, pathname));
    },
  },
];
