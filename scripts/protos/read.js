// Reads protos with buf, as descriptors of protobuf-es.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { createFileRegistry, fromJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { top } from "../packages.js";

const buf = join(top, "node_modules/.bin/buf");

/** Returns the folders of the modules in buf.yaml, in their order, relative to the repository. */
export function protoModules() {
  const lines = runBuf(["config", "ls-modules", "--format", "json"]).trim().split("\n");
  return lines.map((line) => JSON.parse(line).path);
}

/** Returns the name of a module's folder, after which its baseline and its facts are named. */
export function generationOf(module) {
  return module.split("/").at(-1);
}

/** Returns the path of a module's baseline, relative to the repository. */
export function baselineOf(module) {
  return `proto/baseline/${generationOf(module)}.json`;
}

/** Compares a module with its baseline. @throws if that is missing, or with the changes that break deployed hosts */
export function checkBaseline(module) {
  const baseline = baselineOf(module);
  if (!existsSync(join(top, baseline))) throw new Error(`${baseline} does not exist: run npm run protos:update`);
  runBuf(["breaking", module, "--against", baseline]);
}

/**
 * Compiles a folder of protos and returns its files, without those that are only imported.
 *
 * @param folder - absolute, or relative to the repository
 * @throws with the compiler's message, which names the file and the line, or with the name of the folder
 */
export function readProtos(folder) {
  const path = resolve(top, folder);
  if (!existsSync(path)) throw new Error(`${folder}: expected a folder of .proto files, but it does not exist`);
  if (!statSync(path).isDirectory()) throw new Error(`${folder}: expected a folder of .proto files, got a file`);
  if (!readdirSync(path, { recursive: true }).some((name) => name.endsWith(".proto")))
    throw new Error(`${folder}: expected a folder of .proto files, but it contains none`);
  const image = JSON.parse(runBuf(["build", path, "--exclude-source-info", "-o", "-#format=json"]));
  const own = new Set(image.file.filter((file) => file.bufExtension?.isImport !== true).map(({ name }) => name));
  const registry = createFileRegistry(fromJson(FileDescriptorSetSchema, image, { ignoreUnknownFields: true }));
  return [...registry.files].filter(({ proto }) => own.has(proto.name));
}

/** Runs buf in the repository and returns its output. @throws with the error text of buf */
export function runBuf(args) {
  try {
    return execFileSync(buf, args, {
      cwd: top,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    // Compiler errors are on stdout in some commands, and all others on stderr.
    const text = `${error.stderr ?? ""}${error.stdout ?? ""}`.trim();
    throw new Error(text === "" ? error.message : text, { cause: error });
  }
}
