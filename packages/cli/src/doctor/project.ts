import type { Facts } from "./facts.js";
import { error, ok, quoted, type Finding } from "./finding.js";

const ADD_CONNECTOR =
  "npm pkg set 'kloset.connectors[0].type=importer' 'kloset.connectors[0].module=./src/importer.ts'";

/** Checks package.json: the `kloset` key, the name of the plugin, and the modules of its connectors. */
export function checkProject({ manifest, project, missingModules }: Facts): Finding[] {
  const id = "project";
  if (manifest instanceof Error) return [error(id, manifest.message, "npm init -y && npm pkg set type=module")];
  if (manifest.kloset === undefined)
    return [error(id, "package.json has no kloset key, which lists the connectors", ADD_CONNECTOR)];
  if (project instanceof Error) return [error(id, project.message, renameCommand(manifest.name, project))];
  const connectors = project.connectors.map(({ type }) => type).join(", ");
  return [
    ok(id, `${project.name} ${project.version}: ${connectors}`),
    ...missingModules.map((module) =>
      error("project.module", `${module} does not exist`, "Correct kloset.connectors in package.json."),
    ),
  ];
}

/** Plakar rejects names with other characters, so propose one without them. */
function renameCommand(packageName: string | undefined, problem: Error): string {
  if (!/\bname\b/.test(problem.message)) return "Correct the kloset key of package.json.";
  const name = (packageName ?? "my-plugin")
    .replace(/^@[^/]*\//, "")
    .replace(/^kloset-plugin-/, "")
    .replace(/[^A-Za-z0-9-]+/g, "-");
  return `npm pkg set ${quoted(`kloset.name=${name}`)}`;
}

/** Checks that Plakar can execute the built files. Windows has no such bits. */
export function checkPluginFiles({ pluginFiles, platform }: Facts): Finding[] {
  if (pluginFiles.length === 0 || platform === "win32") return [];
  const blocked = pluginFiles.filter(({ mode }) => (mode & 0o111) === 0).map(({ path }) => path);
  if (blocked.length > 0)
    return [error("files", `Plakar cannot execute ${blocked.join(", ")}`, `chmod +x ${blocked.map(quoted).join(" ")}`)];
  return [ok("files", `executable: ${pluginFiles.map(({ path }) => path).join(", ")}`)];
}
