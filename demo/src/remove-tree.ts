import { randomUUID } from "node:crypto";
import { chmod, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** Directories with longer paths are moved up: systems limit paths to 4,096 bytes, or 1,024. */
const MAX_PATH_BYTES = 512;

/** Removes a folder of any depth, including directories whose restored modes deny access to their owner. */
export async function removeTree(path: string): Promise<void> {
  // Done first, because a removal that fails continues in the background, with no way to wait for it.
  await openDirectories(path);
  await rm(path, { recursive: true, force: true });
}

async function openDirectories(top: string): Promise<void> {
  const waiting = [top];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    await chmod(path, 0o700);
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      const moved = join(top, randomUUID());
      await rename(path, moved);
      path = moved;
    }
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) waiting.push(join(path, entry.name));
    }
  }
}
