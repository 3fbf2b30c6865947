import { expect } from "@jest/globals";
import type { ConnectorOptions } from "../client/connector.js";
import { backup, type BackupSink } from "../flow/backup.js";
import { count } from "../flow/count.js";
import {
  backupToRepository,
  checkRepository,
  createRepository,
  maintainRepository,
  openRepository,
  syncStates,
  type RepositoryBackup,
  type Resource,
} from "../flow/repository.js";
import { restore } from "../flow/restore.js";
import type { PluginConnection } from "../grpc/connection.js";
import { openExporter, openImporter, openStorage } from "../open.js";
import { entriesV1_0, entriesV1_1, readParts, storedResources } from "./inputs.js";
import { bytesOf } from "./methods.js";
import { callsNamed, messageOf, messagesOf, readTranscript, type Transcript } from "./transcript.js";

/** Calls a plugin as the host of a transcript did. */
export type Drive = (connection: PluginConnection, options: ConnectorOptions) => Promise<void>;

/**
 * Creates a sink that reads only the contents that the host of the transcript opened.
 *
 * @param kept - Receives the number of bytes of each content.
 */
export function sinkOf(transcript: Transcript, kept: number[]): BackupSink {
  const opened = new Set(
    callsNamed(transcript, "Open").map((call) => {
      const record = messagesOf(call, "host")[0]?.["record"] as { pathname: string; xattrName?: string };
      return `${record.pathname} ${record.xattrName ?? ""}`;
    }),
  );
  return {
    async record(record, content) {
      const wanted =
        transcript.generation === "v1.0" || opened.has(`${record.pathname} ${record.attribute?.name ?? ""}`);
      if (content === undefined || !wanted) return;
      let bytes = 0;
      for await (const chunk of content) bytes += chunk.length;
      kept.push(bytes);
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
    expect(kept).toEqual(sizes);
    expect(errors).toBe(opens.length - sizes.length);
  };
}

function restoreDrive(transcript: Transcript): Drive {
  return async (connection, options) => {
    const entries =
      transcript.generation === "v1.0"
        ? entriesV1_0(readTranscript("plakar-1.0.6-backup-importer"), transcript)
        : entriesV1_1(readTranscript("plakar-1.1.4-backup-importer"));
    await restore(await openExporter(connection, options), entries, { top: "/ds" });
  };
}

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
    await checkRepository(storage, readParts(transcript));
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
  const command = transcript.name.replace(/^plakar-1\.\d\.\d-/, "");
  const storage = STORAGE_DRIVES[command];
  if (storage !== undefined) return storage(transcript);
  if (command === "restore-exporter") return restoreDrive(transcript);
  if (command !== "backup-importer-estimate") return backupDrive(transcript);
  return async (connection, options) => {
    const counted = await count(await openImporter(connection, options));
    expect(counted).toMatchObject({ directories: 6, files: 6, symlinks: 2, others: 1, attributes: 2, errors: 0 });
  };
}
