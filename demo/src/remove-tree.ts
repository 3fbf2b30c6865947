import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/**
 * Removes a folder of ours and all that is in it, also below directories whose
 * restored modes let nobody in.
 */
export async function removeTree(path: string): Promise<void> {
  // First: a removal that fails half-way goes on in the background, and nothing tells its end.
  await openDirectories(path);
  await rm(path, { recursive: true, force: true });
}

async function openDirectories(top: string): Promise<void> {
  const waiting = [top];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    await chmod(path, 0o700);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) waiting.push(join(path, entry.name));
    }
  }
}
