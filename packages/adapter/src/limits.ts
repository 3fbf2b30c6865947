/** Maximum bytes of content in one message, for hosts as well as for the SDK. */
export const MAX_CHUNK_BYTES = 1024 * 1024;

/** Maximum characters of an error text in a message field: enough for a stack, and within the message limit. */
export const MAX_ERROR_TEXT = 64 * 1024;
