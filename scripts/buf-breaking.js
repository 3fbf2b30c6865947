// Fails when a proto breaks what deployed hosts speak. Each module is held
// against its own baseline: the two can not be built as one (see buf.yaml).
import { execFileSync } from "node:child_process";

for (const generation of ["v1.0", "v1.1"]) {
  execFileSync("buf", ["breaking", `proto/${generation}`, "--against", `proto/baseline/${generation}.json`], {
    stdio: "inherit",
  });
}
