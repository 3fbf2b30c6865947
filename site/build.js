// Writes the references to docs/reference, and builds the site to dist/. With --serve, serves it while pages are written.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { build, createServer } from "vitepress";

await import("./api.js");
await import("./messages.js");
const root = fileURLToPath(new URL(".", import.meta.url));
if (process.argv.includes("--serve")) {
  const server = await createServer(root);
  await server.listen();
  server.printUrls();
} else {
  await build(root);
}
