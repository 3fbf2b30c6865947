// Runs before npm packs or publishes a public package. npm adds a LICENSE only from the package's own folder, and packs a
// package that was never built as an almost empty tarball, without an error.
import { copyFileSync, existsSync, readFileSync } from "node:fs";

const { name, exports = {}, bin = {}, files = [] } = JSON.parse(readFileSync("package.json", "utf8"));
const entries = [
  ...Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry))),
  ...Object.values(bin),
  // The file of a command is not compiled: it imports from the folder that is.
  ...files.filter((path) => /^\w+$/.test(path)),
];
const missing = entries.filter((path) => !existsSync(path));
if (missing.length > 0) {
  console.error(`${name} is not built: ${missing.join(", ")} missing. Run "npm run build" first.`);
  process.exit(1);
}
copyFileSync(new URL("../LICENSE", import.meta.url), "LICENSE");
