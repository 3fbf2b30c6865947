// Writes the public API of the packages that authors use to docs/api, one report for each entry point.
// With --check, compares instead, and fails with a diff: a change of the API is then visible in review.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { publicPackages, top } from "./packages.js";

const PACKAGES = ["@kloset/sdk", "@kloset/host", "@kloset/conformance", "@kloset/testing"];
const REPORTS = join(top, "docs/api");

const packages = publicPackages();
// Types that an entry point re-exports from another package are shown in full. Left out: generated types, which
// `npm run breaking` guards, and packages that have reports of their own.
const bundledPackages = packages
  .map(({ name }) => name)
  .filter((name) => name !== "@kloset/protocol" && !PACKAGES.includes(name));

const output = mkdtempSync(join(tmpdir(), "kloset-api-"));
mkdirSync(join(output, "api"));
try {
  for (const { name, folder, manifest } of packages.filter((each) => PACKAGES.includes(each.name))) {
    for (const [subpath, { types }] of Object.entries(manifest.exports)) {
      report(join(top, folder), types, `${(name + subpath.slice(1)).replace("@kloset/", "").replace("/", "-")}.api.md`);
    }
  }
  if (process.argv.includes("--check")) check();
  else replace();
} finally {
  rmSync(output, { recursive: true, force: true });
}

/** Writes the report of one entry point. */
function report(folder, types, reportFileName) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: join(folder, types),
      bundledPackages,
      compiler: { tsconfigFilePath: join(folder, "tsconfig.json"), skipLibCheck: true },
      apiReport: {
        enabled: true,
        reportFolder: join(output, "api"),
        reportTempFolder: join(output, "temp"),
        reportFileName,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        extractorMessageReporting: { default: { logLevel: "none" } },
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, "package.json"),
  });
  const { errorCount } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      if (message.logLevel === "error") console.error(message.text);
      message.handled = true;
    },
  });
  if (errorCount > 0) throw new Error(`API Extractor failed for ${types} of ${folder}`);
}

function check() {
  const args = ["--no-pager", "diff", "--no-index", "--", REPORTS, join(output, "api")];
  const { status } = spawnSync("git", args, { stdio: "inherit" });
  if (status === 0) return;
  console.error('The public API differs from docs/api. Run "npm run api", and commit the reports with the change.');
  process.exitCode = 1;
}

function replace() {
  rmSync(REPORTS, { recursive: true, force: true });
  cpSync(join(output, "api"), REPORTS, { recursive: true });
}
