import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, json } from "node:stream/consumers";
import type { Item } from "../drive.js";

interface Stored extends Item {
  readonly content?: Buffer;
}

/** A service on the loopback interface that keeps the items of any number of folders in memory. */
export class DriveServer implements AsyncDisposable {
  /** The items of each folder by path. */
  readonly folders = new Map<string, Map<string, Stored>>();
  /** Requests as `METHOD URL`, in the order of arrival. */
  readonly requests: string[] = [];
  readonly token: string;
  readonly #server = createServer((request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  });

  private constructor(token: string) {
    this.token = token;
  }

  static async start(token: string): Promise<DriveServer> {
    const server = new DriveServer(token);
    await once(server.#server.listen(0, "127.0.0.1"), "listening");
    return server;
  }

  /** Returns the location of a folder. */
  location(folder: string): string {
    return `drive://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${folder}`;
  }

  /** Adds an item to a folder, or changes one. */
  put(folder: string, path: string, item: Partial<Stored>): void {
    let items = this.folders.get(folder);
    if (items === undefined) {
      items = new Map<string, Stored>();
      this.folders.set(folder, items);
    }
    const before = items.get(path);
    if (before?.kind === "folder" && (item.kind ?? "folder") !== "folder") throw new Error(`${path} is a folder`);
    const attributes = { mode: before?.mode ?? 0o644, modified: before?.modified ?? "0" };
    const isReplaced = item.kind !== undefined && item.kind !== before?.kind;
    items.set(path, { kind: "file", ...(isReplaced ? undefined : before), ...attributes, ...item, path });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://localhost");
    const [, folder = "", action = ""] = url.pathname.split("/");
    const path = url.searchParams.get("path") ?? "";
    this.requests.push(`${request.method ?? ""} ${url.pathname}${url.search}`);
    if (request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end("this token is not known");
      return;
    }
    const item = this.folders.get(folder)?.get(path);
    switch (`${request.method ?? ""} ${action}`) {
      case "GET items":
        if (!this.folders.has(folder)) {
          response.writeHead(404).end("there is no such folder");
          return;
        }
        response.end(JSON.stringify(this.#page(folder, url.searchParams)));
        return;
      case "GET attachment":
        if (item?.content === undefined) response.writeHead(410).end("this attachment was deleted");
        else response.end(item.content);
        return;
      case "PUT item": {
        const { copyOf, ...changes } = (await json(request)) as Partial<Item> & { readonly copyOf?: string };
        const copied = copyOf === undefined ? undefined : this.folders.get(folder)?.get(copyOf);
        if (copyOf !== undefined && copied === undefined) throw new Error(`there is no ${copyOf}`);
        this.put(folder, path, { ...copied, ...changes });
        response.end();
        return;
      }
      case "PUT attachment": {
        // Fails if the upload ends early.
        const content = await buffer(request);
        this.put(folder, path, { kind: "file", content, size: content.length });
        response.end();
        return;
      }
      default:
        response.writeHead(404).end("no such request");
    }
  }

  #page(folder: string, query: URLSearchParams): object {
    const limit = Number(query.get("limit"));
    const start = Number(query.get("after") ?? 0);
    const all = [...(this.folders.get(folder)?.values() ?? [])];
    const items = all.slice(start, start + limit).map((item) => ({
      ...item,
      content: undefined,
      ...(item.kind === "file" && { attachment: `/attachment?path=${encodeURIComponent(item.path)}` }),
    }));
    const end = start + limit;
    return { items, ...(end < all.length && { next: `/items?limit=${limit}&after=${end}` }) };
  }
}
