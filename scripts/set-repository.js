// Sets the repository that the manifests name. npm refuses to publish with provenance from any other, so that a fork
// that publishes runs this once.
import { join } from "node:path";
import { isMain, publicPackages, readJson, writeJson } from "./packages.js";

/** Returns the fields that lead from a package in the registry to its folder in a repository on GitHub. */
export function repositoryFields(url, folder) {
  return {
    homepage: `${url}/tree/main/${folder}#readme`,
    bugs: `${url}/issues`,
    repository: { type: "git", url: `git+${url}.git`, directory: folder },
  };
}

if (isMain(import.meta.url)) {
  const [url = ""] = process.argv.slice(2);
  if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(url) || url.endsWith(".git")) {
    console.error("Usage: npm run set-repository -- https://github.com/OWNER/NAME");
    process.exit(2);
  }
  writeJson("package.json", { ...readJson("package.json"), repository: url });
  const packages = publicPackages();
  for (const { folder, manifest } of packages) {
    writeJson(join(folder, "package.json"), { ...manifest, ...repositoryFields(url, folder) });
  }
  console.log(`${packages.length} packages name ${url}`);
}
