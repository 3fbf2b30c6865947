import { retrying } from "@kloset/sdk";
import { option } from "@kloset/sdk/config";

/** The configuration of the importer and the exporter. */
export const config = {
  token: option.secret({ description: "Token of the API" }),
  page_size: option.integer({ min: 1, max: 1000, default: 100, description: "Number of items in one answer" }),
};

/** An item of the service. */
export interface Item {
  readonly path: string;
  readonly kind: "folder" | "file" | "link";
  /** POSIX permissions. */
  readonly mode: number;
  /** Nanoseconds since 1970, in decimal. */
  readonly modified: string;
  readonly size?: number;
  /** The URL of a file's content. */
  readonly attachment?: string;
  /** The target of a link. */
  readonly target?: string;
}

/** The requests that the importer and the exporter send. */
export interface Drive {
  /** Repeats the request while the service is out of order. */
  get(path: string, signal?: AbortSignal): Promise<Response>;
  put(path: string, body: Exclude<RequestInit["body"], undefined>, signal?: AbortSignal): Promise<void>;
}

/** Returns the service at a location such as `drive://example.com/folder`. */
export function driveAt(location: string, token: string): Drive {
  const base = location.replace(/^drive:/, "http:").replace(/\/+$/, "");
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(base + path, { ...init, headers: { authorization: `Bearer ${token}` } });
    if (!response.ok) throw new Refusal(path, response.status, await response.text());
    return response;
  };
  return {
    get: (path, signal) =>
      retrying(() => send(path, { signal: signal ?? null }), {
        signal,
        on: (error) => !(error instanceof Refusal) || error.status >= 500,
      }),
    async put(path, body, signal) {
      await send(path, { method: "PUT", body, signal: signal ?? null, duplex: "half" });
    },
  };
}

/** An answer that is not a success. */
class Refusal extends Error {
  readonly status: number;

  constructor(path: string, status: number, text: string) {
    super(`${path}: ${status} ${text}`);
    this.status = status;
  }
}
