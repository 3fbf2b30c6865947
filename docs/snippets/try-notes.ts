import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { backup, startImporter } from "@kloset/host";

const importer = await startImporter({
  executable: process.execPath,
  args: [fileURLToPath(new URL("run-notes.js", import.meta.url))],
  location: "notes://desk",
  config: { token: "hush-hush" },
  generation: "v1.1",
});
await backup(importer.client, {
  async record({ pathname }, content) {
    console.log(pathname, content === undefined ? "" : JSON.stringify(await text(content)));
  },
  error({ pathname }, error) {
    console.error(pathname, error.message);
  },
});
await importer.stop();
