// Fails if a proto breaks deployed hosts. Each module has its own baseline, because generations cannot be built as one
// (see buf.yaml).
import process from "node:process";
import { checkBaseline, protoModules } from "./protos/read.js";

for (const module of protoModules()) {
  try {
    checkBaseline(module);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
