// Shared by the scripts that need Go: its environment, its oldest version, the modules.
import { spawnSync } from "node:child_process";

const OLDEST = [1, 25];

/** The modules of interop/. The first two are libraries of the others. */
export const goModules = ["pipes", "grpc", "v1.0", "v1.1"];

export const goEnvironment = {
  ...process.env,
  // Each module builds with the versions in its own go.mod. A workspace would use one version of grpc-go for all.
  GOWORK: "off",
  // Use the versions in go.mod and go.sum, and do not download a newer Go.
  GOFLAGS: `${process.env.GOFLAGS ?? ""} -mod=readonly -buildvcs=false`.trim(),
  GOTOOLCHAIN: "local",
};

/** Returns the reason why Go cannot be used; undefined if it can. */
function whyNoGo() {
  const { stdout, error, status } = spawnSync("go", ["version"], { env: goEnvironment, encoding: "utf8" });
  if (error?.code === "ENOENT") return "Go is not installed";
  const match = /\bgo(\d+)\.(\d+)/.exec(stdout ?? "");
  if (error !== undefined || status !== 0 || match === null) {
    return `Go does not run ("go version": ${error?.message ?? `exit ${status}`})`;
  }
  const [major, minor] = match.slice(1).map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `Go ${major}.${minor} is older than ${OLDEST.join(".")}`;
}

/** Returns true if a missing Go is a failure. */
function goIsRequired() {
  const isSet = (value) => value !== undefined && !["", "0", "false"].includes(value);
  return isSet(process.env.CI) || isSet(process.env.KLOSET_REQUIRE_GO);
}

/**
 * Returns true if Go is installed and recent enough. If not, prints one line; where Go is
 * required (CI or KLOSET_REQUIRE_GO is set), the process also fails.
 */
export function hasGoFor(what) {
  const missing = whyNoGo();
  if (missing === undefined) return true;
  if (goIsRequired()) {
    console.error(`${missing}, and ${what} must run here (CI or KLOSET_REQUIRE_GO is set)`);
    process.exitCode = 1;
  } else {
    console.log(`${missing}: ${what} is left out`);
  }
  return false;
}
