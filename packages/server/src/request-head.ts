import { errorCode } from "@kloset/connection/serving";
import { StreamError } from "./errors.js";
import type { HeaderField } from "./hpack/index.js";

/** The headers of a request, checked as RFC 9113, section 8, wants it. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** Regular fields in their order, names in lower case. */
  readonly fields: readonly HeaderField[];
  /** -1 when there is no `content-length`. */
  readonly contentLength: number;
}

/** RFC 9113, section 8.2.2. */
const connectionSpecific = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** RFC 9113, section 8.2.1: no control characters, no space, no upper case, no colon behind the first character. */
// eslint-disable-next-line no-control-regex
const badName = /[\x00-\x20A-Z\x7f-\xff:]/;
// eslint-disable-next-line no-control-regex
const badValue = /[\x00\n\r]|^[ \t]|[ \t]$/;

/**
 * Checks the headers of a request.
 *
 * @throws StreamError PROTOCOL_ERROR when the request is malformed (RFC 9113, section 8.1.1).
 */
export function requestHead(stream: number, list: readonly HeaderField[]): RequestHead {
  const malformed = (detail: string): StreamError => new StreamError(stream, errorCode.protocolError, detail);
  const pseudo: Record<string, string | undefined> = {};
  const fields: HeaderField[] = [];
  let contentLength = -1;
  for (const field of list) {
    const [name, value] = field;
    if (name.startsWith(":")) {
      // RFC 9113, section 8.3: before all others, each once, none that is unknown.
      if (fields.length > 0) throw malformed(`${name} behind a regular field`);
      if (!isPseudo(name) || pseudo[name] !== undefined) throw malformed(`${name} is unknown or repeated`);
      pseudo[name] = value;
      continue;
    }
    checkField(field, malformed);
    if (name === "content-length") contentLength = lengthOf(value, malformed);
    fields.push(field);
  }
  const { ":method": method, ":path": path, ":scheme": scheme, ":authority": authority = "" } = pseudo;
  // RFC 9113, section 8.3.1. CONNECT has neither scheme nor path, and nothing to connect to here.
  if (method === undefined || scheme === undefined || path === undefined || path === "") {
    throw malformed(":method, :scheme and :path are needed");
  }
  return { method, path, authority, fields, contentLength };
}

/**
 * Checks trailers, which gRPC has no use for.
 *
 * @throws StreamError as {@link requestHead}.
 */
export function checkTrailers(stream: number, list: readonly HeaderField[]): void {
  const malformed = (detail: string): StreamError => new StreamError(stream, errorCode.protocolError, detail);
  for (const field of list) {
    if (field[0].startsWith(":")) throw malformed(`${field[0]} in a trailer`);
    checkField(field, malformed);
  }
}

/** The value of the first field of a name; undefined when there is none. */
export function fieldOf({ fields }: RequestHead, name: string): string | undefined {
  for (const field of fields) if (field[0] === name) return field[1];
  return undefined;
}

function isPseudo(name: string): boolean {
  return name === ":method" || name === ":path" || name === ":scheme" || name === ":authority";
}

function checkField([name, value]: HeaderField, malformed: (detail: string) => StreamError): void {
  if (name === "" || badName.test(name)) throw malformed(`${JSON.stringify(name)} is no name of a field`);
  if (badValue.test(value)) throw malformed(`the value of ${name} has forbidden characters`);
  if (connectionSpecific.has(name)) throw malformed(`${name} is not for HTTP/2`);
  if (name === "te" && value.toLowerCase() !== "trailers") throw malformed("te can be trailers only");
}

function lengthOf(value: string, malformed: (detail: string) => StreamError): number {
  if (!/^\d{1,15}$/.test(value)) throw malformed("content-length is no number");
  return Number(value);
}
