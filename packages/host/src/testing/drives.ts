import { expect } from "@jest/globals";
import type { ConnectorOptions } from "../client/connector.js";
import type { StorageClient } from "../client/storage-client.js";
import { backup, type BackupSink } from "../flow/backup.js";
import { count } from "../flow/count.js";
import {
  backupToRepository,
  checkRepository,
  createRepository,
  maintainRepository,
  openRepository,
  readBlobs,
  readFile,
  syncStates,
  type RepositoryBackup,
  type Resource,
  type Take,
  type Wanted,
} from "../flow/repository.js";
import { Limiter } from "../flow/limiter.js";
import { restore } from "../flow/restore.js";
import type { PluginConnection } from "../grpc/connection.js";
import { openExporter, openImporter, openStorage } from "../open.js";
import { altered } from "./altered.js";
import { entriesV1_0, entriesV1_1, packfileGets, readParts, storedResources } from "./inputs.js";
import { bytesOf } from "../replay/methods.js";
import { TranscriptOrder } from "./order.js";
import { messagesOf, type RecordedCall } from "../replay/calls.js";
import { callsNamed, messageOf, readTranscript, type Transcript } from "./transcript.js";

/** Calls a plugin as the host of a transcript did. */
export type Drive = (connection: PluginConnection, options: ConnectorOptions) => Promise<void>;

/**
 * Creates a sink that reads only the contents that the host of the transcript opened.
 *
 * @param kept - Receives the number of bytes of each content.
 */
export function sinkOf(transcript: Transcript, kept: number[]): BackupSink {
  const opens = callsNamed(transcript, "Open");
  const opened = new Map(
    opens.map((call) => {
      const record = messagesOf(call, "host")[0]?.["record"] as { pathname: string; xattrName?: string };
      return [`${record.pathname} ${record.xattrName ?? ""}`, call];
    }),
  );
  const order = new TranscriptOrder(opens);
  return {
    async record(record, content) {
      const call = opened.get(`${record.pathname} ${record.attribute?.name ?? ""}`);
      if (content === undefined || (transcript.generation === "v1.1" && call === undefined)) return;
      if (call !== undefined && transcript.like === "plaklet") await order.turnOf(call);
      let bytes = 0;
      for await (const chunk of content) bytes += chunk.length;
      kept.push(bytes);
      if (call !== undefined) order.ended(call);
    },
    error: () => undefined,
  };
}

function backupDrive(transcript: Transcript): Drive {
  return async (connection, options) => {
    const kept: number[] = [];
    const { errors } = await backup(await openImporter(connection, options), sinkOf(transcript, kept));
    const opens = callsNamed(transcript, "Open", "OpenReader");
    const sizes = opens.flatMap((call) => {
      const failed = call.events.at(-1)?.event.headers?.["grpc-status"] !== "0";
      return failed ? [] : [messagesOf(call, "plugin").reduce((sum, { chunk }) => sum + bytesOf(chunk).length, 0)];
    });
    // Several readers end in any order.
    const shown = (all: number[]): number[] =>
      transcript.like === "plaklet" ? all.sort((one, other) => one - other) : all;
    expect(shown(kept)).toEqual(shown(sizes));
    expect(errors).toBe(opens.length - sizes.length);
  };
}

function restoreDrive(transcript: Transcript): Drive {
  return async (connection, options) => {
    const backup = readTranscript(transcript.name.replace("restore-exporter", "backup-importer"));
    const exporter = await openExporter(connection, options);
    if (transcript.generation === "v1.0") await restore(exporter, entriesV1_0(backup, transcript), { top: "/ds" });
    else await restore(exporter, entriesV1_1(backup), { subtree: "/srv/ds" });
  };
}

/** Returns the parts that a check reads, each as soon as the host of the transcript could have read it. */
function inOrder(transcript: Transcript, storage: StorageClient): [StorageClient, AsyncIterable<Wanted>, Take] {
  const calls = new Map(
    readParts(transcript).map((wanted, i) => [wanted, packfileGets(transcript)[i] as RecordedCall]),
  );
  const order = new TranscriptOrder([...calls.values()]);
  async function* wanted(): AsyncGenerator<Wanted> {
    for (const [part, call] of calls) {
      await order.turnOf(call);
      yield part;
    }
  }
  const take: Take = async (part, content) => {
    await drop(part, content);
    order.ended(calls.get(part) as RecordedCall);
  };
  return [storage, wanted(), take];
}

/** Reads what the host of a transcript restored: files, each after a Mode, and the tree between them. */
async function readSnapshot(transcript: Transcript, storage: StorageClient): Promise<void> {
  const gets = packfileGets(transcript);
  const modes = callsNamed(transcript, "Mode");
  const order = new TranscriptOrder([...gets, ...modes]);
  const limiter = new Limiter(2);
  for (const [i, wanted] of readParts(transcript).entries()) {
    const get = gets[i] as RecordedCall;
    const mode = modes.find(({ began }) => began < get.began && began > (gets[i - 1]?.began ?? 0));
    await order.turnOf(mode ?? get);
    await limiter.start(async () => {
      if (mode === undefined) {
        await readBlobs(storage, [wanted], drop);
      } else {
        const watched = altered(storage, {
          mode: async () => {
            const bits = await storage.mode();
            order.ended(mode);
            return bits;
          },
        });
        await readFile(watched, blobsOf(wanted), drop);
      }
      order.ended(get);
    });
  }
  await limiter.idle();
}

/** Cuts a range into the blobs that the host has merged. */
function blobsOf({ kind, mac, range }: Wanted): Wanted[] {
  const { offset, length } = range ?? { offset: 0, length: 0 };
  const first = Math.floor(length / 3);
  return [
    { kind, mac, range: { offset, length: first } },
    { kind, mac, range: { offset: offset + first, length: length - first } },
  ];
}

const drop: Take = async (_wanted, content) => {
  for await (const chunk of content) expect(chunk.length).toBeGreaterThan(0);
};

const single = (resources: Resource[]): Resource => resources[0] as Resource;

/** Returns the resources that the host of a transcript stored in a backup. */
export function backupWork(transcript: Transcript): RepositoryBackup {
  const scans = callsNamed(readTranscript("plakar-1.0.6-backup-importer"), "Scan");
  return {
    lock: single(storedResources(transcript, "lock")),
    entries: scans.flatMap((scan) => messagesOf(scan, "plugin")).length,
    packfiles: storedResources(transcript, "packfile"),
    state: single(storedResources(transcript, "state")),
  };
}

const STORAGE_DRIVES: Readonly<Record<string, (transcript: Transcript) => Drive>> = {
  "create-storage": (transcript) => async (connection, options) => {
    const config = bytesOf(messageOf(transcript, "Create", "host")["config"]);
    await createRepository(await openStorage(connection, options), config);
  },
  "ls-storage": () => async (connection, options) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage);
    await storage.close();
  },
  "backup-storage": (transcript) => async (connection, options) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage);
    await backupToRepository(storage, backupWork(transcript), { maxConcurrency: 2 });
  },
  "backup-storage-second-process": (transcript) => async (connection, options) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage);
    for (let i = 0; i < callsNamed(transcript, "List").length; i++) await syncStates(storage, { isKnown: () => true });
  },
  "check-storage": (transcript) => async (connection, options) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage, { isKnown: () => true });
    await checkRepository(...inOrder(transcript, storage));
  },
  "restore-storage": (transcript) => async (connection, options) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage, { isKnown: () => true });
    await readSnapshot(transcript, storage);
    await storage.close();
  },
  "maintenance-storage": (transcript) => async (connection, options) => {
    const storage = await openStorage(connection, options);
    await openRepository(storage, { isKnown: () => true });
    const lock = single(storedResources(transcript, "lock"));
    await maintainRepository(storage, { lock, wanted: readParts(transcript) });
  },
};

/** Returns a function that repeats the work of the host of a transcript, with inputs taken from the transcript. */
export function driveOf(transcript: Transcript): Drive {
  const { command } = transcript;
  const storage = STORAGE_DRIVES[command];
  if (storage !== undefined) return storage(transcript);
  if (command === "restore-exporter") return restoreDrive(transcript);
  if (command !== "backup-importer-estimate") return backupDrive(transcript);
  return async (connection, options) => {
    const counted = await count(await openImporter(connection, options));
    expect(counted).toMatchObject({ directories: 6, files: 6, symlinks: 2, others: 1, attributes: 2, errors: 0 });
  };
}
