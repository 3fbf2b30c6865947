import { describe, expect, it } from "@jest/globals";
import type { ConnectorIdentity } from "./client/connector.js";
import type { Scan, ScannedRecord } from "./client/importer-client.js";
import { backup } from "./flow/backup.js";
import { count } from "./flow/count.js";
import { backupToRepository, openRepository } from "./flow/repository.js";
import { restore } from "./flow/restore.js";
import { openExporter, openImporter, openStorage } from "./open.js";
import { altered } from "./testing/altered.js";
import { backupWork, driveOf, sinkOf, type Drive } from "./testing/drives.js";
import { entriesV1_0 } from "./testing/inputs.js";
import { replay } from "./testing/replay.js";
import { readTranscript } from "./testing/transcript.js";

describe("the comparison detects a host that", () => {
  async function differencesOf(name: string, drive: Drive): Promise<string[]> {
    // Without strictEnds: a host that makes fewer calls would wait for itself.
    return (await replay(readTranscript(name), drive)).differences;
  }

  it("requests the identity five times", async () => {
    let asked = 0;
    const differences = await differencesOf("plakar-1.0.6-backup-importer", async (connection, options) => {
      const client = await openImporter(connection, options);
      const identity = async (): Promise<ConnectorIdentity> =>
        ++asked === 1 ? { origin: "", type: "", root: "", flags: 0 } : await client.identity();
      await backup(altered(client, { identity }), sinkOf(readTranscript("plakar-1.0.6-backup-importer"), []));
    });
    expect(differences).toEqual(["not called: /importer.Importer/Info {}"]);
  });

  it("does not close", async () => {
    const name = "plakar-1.1.4-backup-importer";
    const differences = await differencesOf(name, async (connection, options) => {
      const client = altered(await openImporter(connection, options), { close: async () => undefined });
      await backup(client, sinkOf(readTranscript(name), []));
    });
    expect(differences).toEqual(["not called: /importer.Importer/Close {}"]);
  });

  it("does not acknowledge one record", async () => {
    const name = "plakar-1.1.4-backup-importer-estimate";
    const differences = await differencesOf(name, async (connection, options) => {
      const client = await openImporter(connection, options);
      const scan = (): Scan => {
        const real = client.scan();
        const acknowledge = async (record: ScannedRecord): Promise<void> => {
          if (record.pathname !== "/srv/ds/zero") await real.acknowledge(record);
        };
        return altered(real, { acknowledge });
      };
      await count(altered(client, { scan }));
    });
    expect(differences.filter((text) => text.includes(", event "))).toHaveLength(2);
    expect(differences[0]).toContain('{"kind":"half-close"}, in the transcript {"kind":"message"');
  });

  it("acknowledges records before it has read them", async () => {
    const name = "plakar-1.1.4-backup-importer";
    const differences = await differencesOf(name, async (connection, options) => {
      const client = await openImporter(connection, options);
      const scan = client.scan();
      const waiting: ScannedRecord[] = [];
      for await (const record of scan) {
        await scan.acknowledge(record);
        waiting.push(record);
      }
      const sink = sinkOf(readTranscript(name), []);
      for (const record of waiting) await sink.record(record, client.open(record), new AbortController().signal);
      await scan.finish();
      await client.close();
    });
    expect(differences.filter((text) => text.startsWith("result ")).length).toBeGreaterThan(0);
  });

  it("announces another size", async () => {
    const name = "plakar-1.0.6-restore-exporter";
    const differences = await differencesOf(name, async (connection, options) => {
      const client = await openExporter(connection, options);
      if (client.generation !== "v1.0") throw new Error("not v1.0");
      const storeFile: typeof client.storeFile = async (path, source, size) =>
        await client.storeFile(path, source, size + 1);
      const entries = entriesV1_0(readTranscript("plakar-1.0.6-backup-importer"), readTranscript(name));
      await restore(altered(client, { storeFile }), entries, { top: "/ds" });
    });
    expect(differences.filter((text) => text.startsWith("not called: /exporter.Exporter/StoreFile"))).toHaveLength(5);
  });

  it("sets permissions of directories from the top down, or before storing their content", async () => {
    const name = "plakar-1.0.6-restore-exporter";
    const differences = await differencesOf(name, async (connection, options) => {
      const client = await openExporter(connection, options);
      if (client.generation !== "v1.0") throw new Error("not v1.0");
      const entries = entriesV1_0(readTranscript("plakar-1.0.6-backup-importer"), readTranscript(name));
      const infos = new Map(entries.map((entry) => [`fixture:/srv/o10${entry.pathname}`, entry.fileInfo]));
      const createDirectory: typeof client.createDirectory = async (path) => {
        await client.createDirectory(path);
        const info = infos.get(path);
        if (info !== undefined && !path.endsWith("/ds") && path.includes("/sub"))
          await client.setPermissions(path, info);
        infos.delete(path);
      };
      const setPermissions: typeof client.setPermissions = async (path, info) => {
        if (!path.endsWith("/sub") && !path.endsWith("/deep")) await client.setPermissions(path, info);
      };
      await restore(altered(client, { createDirectory, setPermissions }), entries, { top: "/ds" });
    });
    expect(differences.some((text) => /^began before the end of .*StoreFile.*SetPermissions.*"deep"/.test(text))).toBe(
      true,
    );
  });

  it("does not wait until the lock is released", async () => {
    const name = "plakar-1.1.4-backup-storage";
    const differences = await differencesOf(name, async (connection, options) => {
      const client = await openStorage(connection, options);
      const pending: Promise<void>[] = [];
      const hasty = altered(client, {
        delete: async (kind, mac) => {
          pending.push(client.delete(kind, mac));
        },
      });
      await openRepository(hasty);
      await backupToRepository(hasty, backupWork(readTranscript(name)), { maxConcurrency: 2 });
      await Promise.all(pending);
    });
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatch(/^began before the end of \/store.Store\/Delete .*: \/store.Store\/Close/);
  });

  it("has another user agent", async () => {
    const transcript = readTranscript("plakar-1.1.4-create-storage");
    const { differences } = await replay(transcript, driveOf(transcript), { userAgent: "connect-es/2" });
    expect(differences).toHaveLength(2);
    expect(differences[0]).toContain("connect-es/2");
  });
});
