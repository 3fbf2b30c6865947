import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes a folder, including directories whose restored modes deny access to their owner. */
export async function removeTree(path: string): Promise<void> {
  // Done first, because a removal that fails continues in the background, with no way to wait for it.
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
