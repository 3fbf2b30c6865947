import { errorCode } from "@kloset/wire/http2";
import { StreamError } from "./errors.js";
import type { HeaderField } from "./hpack/index.js";

/** The headers of a request, checked as RFC 9113, section 8, requires. */
export interface RequestHead {
  readonly method: string;
  /** Empty for CONNECT, which has no path. */
  readonly path: string;
  readonly authority: string;
  /** Regular fields in order, names in lower case. */
  readonly fields: readonly HeaderField[];
  /** -1 when there is no `content-length`. */
  readonly contentLength: number;
}

/** RFC 9113, section 8.2.2. */
const connectionSpecific = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** RFC 9113, section 8.2.1: no control characters, no space, no upper case, no colon after the first character. */
// eslint-disable-next-line no-control-regex
const badName = /[\x00-\x20A-Z\x7f-\xff:]/;
// eslint-disable-next-line no-control-regex
const badValue = /[\x00\n\r]|^[ \t]|[ \t]$/;

/** RFC 9110, section 9.1: a token. */
const methodForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 3986, section 3.1. */
const schemeForm = /^[A-Za-z][A-Za-z0-9+.-]*$/;
/** Characters forbidden in paths and authorities (RFC 3986, sections 3.2 and 3.3); bytes beyond ASCII are tolerated. */
// eslint-disable-next-line no-control-regex
const badInUri = /[\x00-\x20\x7f]/;

/**
 * Checks the headers of a request.
 *
 * @throws StreamError PROTOCOL_ERROR when the request is malformed (RFC 9113, section 8.1.1).
 */
export function requestHead(stream: number, list: readonly HeaderField[]): RequestHead {
  const malformed = (detail: string): StreamError => new StreamError(stream, errorCode.protocolError, detail);
  let method: string | undefined;
  let scheme: string | undefined;
  let path: string | undefined;
  let authority: string | undefined;
  let hasHost = false;
  let contentLength = -1;
  const fields: HeaderField[] = [];
  for (const field of list) {
    const [name, value] = field;
    if (!name.startsWith(":")) {
      checkField(field, malformed);
      if (name === "host") hasHost = true;
      if (name === "content-length") {
        // RFC 9110, section 8.6: once.
        if (contentLength >= 0) throw malformed("content-length is repeated");
        contentLength = lengthOf(value, malformed);
      }
      fields.push(field);
      continue;
    }
    // RFC 9113, section 8.3: pseudo-headers come first, each once, and must be known.
    if (fields.length > 0) throw malformed(`${name} behind a regular field`);
    if (name === ":method" && method === undefined) method = value;
    else if (name === ":scheme" && scheme === undefined) scheme = value;
    else if (name === ":path" && path === undefined) path = value;
    else if (name === ":authority" && authority === undefined) authority = value;
    else throw malformed(`${name} is unknown or repeated`);
  }
  if (method === undefined || !methodForm.test(method)) throw malformed(":method is needed, and is a token");
  // RFC 9110, section 4.2.1: a host must not be empty.
  if (authority === "") throw malformed(":authority is empty");
  if (authority !== undefined && badInUri.test(authority)) throw malformed(":authority has forbidden characters");
  if (method === "CONNECT") {
    // RFC 9113, section 8.5.
    if (scheme !== undefined || path !== undefined || authority === undefined)
      throw malformed("CONNECT has an :authority alone");
    return { method, path: "", authority, fields, contentLength };
  }
  // RFC 9113, section 8.3.1.
  if (scheme === undefined || !schemeForm.test(scheme)) throw malformed(":scheme is needed");
  if (path === undefined || badInUri.test(path) || !(path.startsWith("/") || (path === "*" && method === "OPTIONS"))) {
    throw malformed(":path is needed, and begins with a slash");
  }
  if (authority === undefined && !hasHost) throw malformed(":authority or host is needed");
  return { method, path, authority: authority ?? "", fields, contentLength };
}

/**
 * Checks trailers, which gRPC requests do not use.
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

/** Returns the value of the first field with a name, or undefined. */
export function fieldOf({ fields }: RequestHead, name: string): string | undefined {
  for (const field of fields) if (field[0] === name) return field[1];
  return undefined;
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
