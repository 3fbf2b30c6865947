const HEADER_LENGTH = 9;

/**
 * The types of the HTTP/2 frames in what a plugin has written, in order.
 *
 * @throws Error when there is anything but whole frames.
 */
export function frameTypesOf(bytes: Buffer): number[] {
  const types: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + HEADER_LENGTH > bytes.length) throw new Error(`${String(bytes.length - at)} bytes are no frame`);
    types.push(bytes.readUInt8(at + 3));
    at += HEADER_LENGTH + bytes.readUIntBE(at, 3);
  }
  if (at !== bytes.length) throw new Error("the last frame is not whole");
  return types;
}
