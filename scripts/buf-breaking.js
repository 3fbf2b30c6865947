// Fails if a proto breaks deployed hosts. Each module has its own baseline, because the two cannot be built as one (see
// buf.yaml).
import { execFileSync } from "node:child_process";

for (const generation of ["v1.0", "v1.1"]) {
  execFileSync("buf", ["breaking", `proto/${generation}`, "--against", `proto/baseline/${generation}.json`], {
    stdio: "inherit",
  });
}
