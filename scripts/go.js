// What the scripts that need Go know of it.
import { spawnSync } from "node:child_process";

const OLDEST = [1, 25];

export const goEnvironment = {
  ...process.env,
  // What go.mod and go.sum name is all there is; a Go that is too old is not replaced by a download.
  GOFLAGS: `${process.env.GOFLAGS ?? ""} -mod=readonly -buildvcs=false`.trim(),
  GOTOOLCHAIN: "local",
};

/** Undefined when there is a Go that is new enough. */
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

/** Whether its absence is a failure. */
function goIsRequired() {
  const isSet = (value) => value !== undefined && !["", "0", "false"].includes(value);
  return isSet(process.env.CI) || isSet(process.env.KLOSET_REQUIRE_GO);
}

/**
 * Whether there is a Go to run this with. Where there is none it is left out, and a
 * line says so; where it is required, the line says that, and the process fails.
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
