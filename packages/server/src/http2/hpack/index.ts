/** Header compression for HTTP/2 (RFC 7541). */
export { HpackDecoder, type HeaderList, type HpackLimits } from "./decoder.js";
export { encodeHeaders } from "./encoder.js";
export { HpackError } from "./hpack-error.js";
export type { HeaderField } from "./static-table.js";
