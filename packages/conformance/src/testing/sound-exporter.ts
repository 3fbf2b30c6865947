import { randomUUID } from "node:crypto";
import { chmod, link, lutimes, mkdir, rename, rm, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceImpl } from "@connectrpc/connect";
import { exporterV1_0, exporterV1_1, newExporterSession, type Exporter } from "@kloset/exporter";
import { USER_AGENTS } from "@kloset/host";
import { fileModeToPosix, isSymlink, pathOfLocation, type ByteStream, type ConnectorContext } from "@kloset/model";
import { exporter as v1_0 } from "@kloset/protocol/v1.0";
import { exporter as v1_1 } from "@kloset/protocol/v1.1";
import type { Launch } from "../launch.js";
import { launchInProcess, served } from "./in-process.js";

const NANOSECONDS = 1e9;

/** Creates a small exporter to a folder. It keeps every rule. */
function soundExporter(folder: string): Exporter {
  const place = (pathname: string): string => join(folder, pathname);
  return {
    root: () => folder,
    createDirectory: async (pathname) => {
      await mkdir(place(pathname), { recursive: true });
    },
    storeFile: async (pathname, data) => {
      const temporary = `${place(pathname)}.${randomUUID()}`;
      try {
        await writeFile(temporary, data);
        await rename(temporary, place(pathname));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    setPermissions: async (pathname, { mode, modTime }) => {
      const seconds = Number(modTime) / NANOSECONDS;
      if (isSymlink(mode)) {
        await lutimes(place(pathname), seconds, seconds);
        return;
      }
      await chmod(place(pathname), fileModeToPosix(mode) & 0o7777);
      await utimes(place(pathname), seconds, seconds);
    },
    createLink: async (oldname, newname, kind) => {
      if (kind === "symbolic") {
        await symlink(oldname, place(newname));
        return;
      }
      await unlink(place(newname)).catch(() => undefined);
      await link(place(oldname), place(newname));
    },
    // Accepted, and not kept: no rule looks for them.
    setExtendedAttribute: () => undefined,
    close: () => undefined,
  };
}

type ServiceV1_0 = ServiceImpl<typeof v1_0.Exporter>;
type ServiceV1_1 = ServiceImpl<typeof v1_1.Exporter>;

/** Returns the methods of a plugin that relies on the fields that every released host sends. */
function demanding({ export: sound }: ServiceV1_1): Pick<ServiceV1_1, "export"> {
  async function* checked(requests: AsyncIterable<v1_1.ExportRequest>): AsyncGenerator<v1_1.ExportRequest> {
    for await (const request of requests) {
      if (request.packet.case === "record" && !request.packet.value.isXattr) {
        const { pathname, fileInfo } = request.packet.value;
        const { modTime, ino = 0n, nlink = 0 } = fileInfo ?? {};
        if (modTime === undefined || ino === 0n || nlink === 0) throw new Error(`${pathname}: incomplete fileInfo`);
      }
      yield request;
    }
  }
  return { export: (requests, context) => sound(checked(requests), context) };
}

/** One fault of a plugin, in its exporter or on the wire. */
export interface Fault {
  /** Returns the methods that replace those of the sound exporter. */
  readonly exporter?: (sound: Exporter, folder: string) => Partial<Exporter>;
  readonly v1_0?: (sound: ServiceV1_0, folder: () => string) => Partial<ServiceV1_0>;
  readonly v1_1?: (sound: ServiceV1_1, folder: () => string) => Partial<ServiceV1_1>;
}

/**
 * Serves an exporter that is sound except for a fault, in the generation of the host.
 *
 * @param make - Default: creates an exporter to a folder.
 */
export function launchExporter(fault: Fault = {}, make?: (context: ConnectorContext) => Exporter): Launch {
  return launchInProcess(() => {
    const session = newExporterSession();
    let folder = "";
    const factory = (context: ConnectorContext): Exporter => {
      if (make !== undefined) return make(context);
      const { location, protocol } = context;
      folder = pathOfLocation(location, protocol);
      const sound = soundExporter(folder);
      return { ...sound, ...fault.exporter?.(sound, folder) };
    };
    return {
      services: ({ userAgent }) => {
        if (userAgent === USER_AGENTS["v1.0"]) {
          const sound = exporterV1_0(factory, session);
          return [served(v1_0.Exporter, { ...sound, ...fault.v1_0?.(sound, () => folder) })];
        }
        const adapted = exporterV1_1(factory, session);
        const sound = { ...adapted, ...demanding(adapted) };
        return [served(v1_1.Exporter, { ...sound, ...fault.v1_1?.(sound, () => folder) })];
      },
      close: async () => {
        session.abort();
        await session.end();
      },
    };
  });
}

/** Passes a stream on, and adds a copy of each chunk to `chunks`: what has arrived if the stream fails. */
export async function* recorded(data: ByteStream, chunks: Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of data) {
    chunks.push(Uint8Array.from(chunk));
    yield chunk;
  }
}
