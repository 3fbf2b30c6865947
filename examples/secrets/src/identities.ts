import { realpath } from "node:fs/promises";
import { Decrypter } from "age-encryption";
import { readSmallFile } from "./small-file.js";

const MAX_IDENTITY_FILE_BYTES = 64 * 1024;

/**
 * Reads a file of identities, as written by `age-keygen`.
 *
 * @throws Error that names the file, and never an identity.
 */
export async function readIdentities(path: string, signal: AbortSignal): Promise<readonly string[]> {
  const name = `identity file ${JSON.stringify(path)}`;
  const content = await readSmallFile(await realpath(path), name, MAX_IDENTITY_FILE_BYTES, signal);
  return identitiesOf(content.toString(), name);
}

/**
 * Returns the identities of a text: one in each line. Empty lines and lines that start with "#" are ignored.
 *
 * @param source - Names the text in errors, which do not quote it.
 */
export function identitiesOf(text: string, source: string): readonly string[] {
  const identities: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const identity = line.trim();
    if (identity === "" || identity.startsWith("#")) continue;
    try {
      new Decrypter().addIdentity(identity);
    } catch {
      // The library's message contains the identity.
      throw new Error(`${source}, line ${index + 1}: expected an identity: AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…`);
    }
    identities.push(identity);
  }
  if (identities.length === 0) throw new Error(`${source}: expected at least one identity, got none`);
  return identities;
}
