/** Largest amount of content that an operation keeps by default, in bytes. */
export const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** The number of bytes that may still be kept. Shared by all contents of an operation. */
export interface Budget {
  left: number;
}

/** More content arrived than the test keeps. */
export class TooManyBytes extends RangeError {
  override readonly name = "RangeError";

  constructor() {
    super("the connector has sent more content than the test keeps: raise maxBytes, or send less");
  }
}

/** Reads content to its end. @throws TooManyBytes beyond the budget. */
export async function collect(chunks: AsyncIterable<Uint8Array>, budget: Budget): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    budget.left -= chunk.length;
    if (budget.left < 0) throw new TooManyBytes();
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
