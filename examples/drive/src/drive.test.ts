import { describe, expect, it } from "@jest/globals";
import { backup, startImporter, type HostName } from "@kloset/host";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { DriveServer } from "./testing/drive-server.js";

const TOKEN = "example-token-of-the-drive";

const script = (name: string): string => fileURLToPath(new URL(`../dist/run-${name}.js`, import.meta.url));

async function backedUp(location: string, config: Record<string, string>, like: HostName): Promise<string[]> {
  const importer = await startImporter({
    executable: process.execPath,
    args: [script("importer")],
    like,
    location,
    config,
  });
  const lines: string[] = [];
  try {
    await backup(importer.client, {
      async record({ pathname, target }, content) {
        lines.push([pathname, target, content && (await text(content))].filter(Boolean).join(" "));
      },
      error({ pathname }, error) {
        lines.push(`${pathname} failed: ${error.message}`);
      },
    });
  } finally {
    await importer.stop();
  }
  return lines;
}

describe("the importer of a REST API", () => {
  it.each(["plakar-1.0", "plakar-1.1"] as const)(
    "backs up all pages; items that fail, fail alone (%s)",
    async (like) => {
      await using server = await DriveServer.start(TOKEN);
      server.put("notes", "/", { kind: "folder", mode: 0o755 });
      server.put("notes", "/a.txt", { content: Buffer.from("first"), size: 5 });
      server.put("notes", "/b.txt", { content: Buffer.from("second"), size: 6, modified: "yesterday" });
      server.put("notes", "/gone.txt", { size: 7 });
      server.put("notes", "/link", { kind: "link", target: "a.txt" });
      const lines = await backedUp(server.location("notes"), { token: TOKEN, page_size: "2" }, like);
      expect(lines.sort()).toEqual([
        "/",
        "/a.txt first",
        "/b.txt failed: Cannot convert yesterday to a BigInt",
        expect.stringMatching(/^\/gone\.txt failed: .*410 this attachment was deleted/),
        "/link a.txt",
      ]);
      expect(server.requests.filter((request) => request.includes("/items"))).toContain(
        "GET /notes/items?limit=2&after=4",
      );
    },
  );

  it("is backed up by plaklet, which reads several items at once and fails the job for one failed item", async () => {
    await using server = await DriveServer.start(TOKEN);
    server.put("notes", "/", { kind: "folder", mode: 0o755 });
    const names = Array.from({ length: 20 }, (_, index) => `/${index}.txt`);
    for (const name of names) server.put("notes", name, { content: Buffer.from(`of ${name}`), size: 3 + name.length });
    const lines = await backedUp(server.location("notes"), { token: TOKEN, page_size: "3" }, "plaklet");
    expect(lines.sort()).toEqual(["/", ...names.map((name) => `${name} of ${name}`)].sort());
    server.put("notes", "/gone.txt", { size: 7 });
    const failed = backedUp(server.location("notes"), { token: TOKEN }, "plaklet");
    await expect(failed).rejects.toMatchObject({ name: "JobError", errors: 1 });
  });

  it("names the answer of the service, but not the token", async () => {
    await using server = await DriveServer.start(TOKEN);
    const refused = backedUp(server.location("notes"), { token: "wrong-token-of-the-drive" }, "plakar-1.1");
    await expect(refused).rejects.toThrow(/401 this token is not known/);
    await expect(backedUp(server.location("notes"), { tokn: "x" }, "plakar-1.1")).rejects.toThrow(/token/);
  });
});
