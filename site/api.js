// Writes the API reference to docs/reference: one page for each entry point of the packages that authors use.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application } from "typedoc";

const top = fileURLToPath(new URL("../", import.meta.url));
const PACKAGES = ["sdk", "host", "testing", "conformance"];

const entryPoints = PACKAGES.flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(join(top, "packages", name, "package.json"), "utf8"));
  return Object.values(exports).map(({ types }) =>
    join(top, "packages", name, types.replace("./dist/", "src/").replace(".d.ts", ".ts")),
  );
});

const app = await Application.bootstrapWithPlugins({
  plugin: ["typedoc-plugin-markdown"],
  entryPoints,
  tsconfig: join(top, "site/tsconfig.json"),
  basePath: top,
  out: join(top, "docs/reference"),
  router: "module",
  readme: "none",
  name: "API reference",
  disableSources: true,
  excludePrivate: true,
  excludeInternal: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  enumMembersFormat: "table",
  useCodeBlocks: true,
  expandObjects: true,
  logLevel: "Error",
  // Types that a package does not export, such as those of its dependencies, have no page.
  validation: { notExported: false, invalidLink: false, notDocumented: false },
});
const project = await app.convert();
if (project === undefined || app.logger.hasErrors()) throw new Error("TypeDoc failed: see the messages above");
// Named after their imports: packages/sdk/src/config is @kloset/sdk/config, on the page sdk-config.
for (const module of project.children ?? []) {
  module.name = module.name.replace(/^packages\/(.+?)\/src/, "$1").replace("/", "-");
}
await app.generateOutputs(project);
// The site has a page of its own that lists the modules: docs/api.md.
const out = join(top, "docs/reference");
for (const file of readdirSync(out)) {
  const text = readFileSync(join(out, file), "utf8");
  writeFileSync(
    join(out, file),
    text.replace(
      /^# (\w+)(?:-(\w+))?$/m,
      (_, name, subpath) => `# @kloset/${[name, subpath].filter(Boolean).join("/")}`,
    ),
  );
}
