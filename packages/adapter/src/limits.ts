/** The most bytes of content in one message. Hosts send no more, and neither do we. */
export const MAX_CHUNK_BYTES = 1024 * 1024;

/** The host's limit for one received message: grpc-go's default. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** The most characters of an error's text in a message's field: long enough for a stack, short of the message limit. */
export const MAX_ERROR_TEXT = 64 * 1024;
