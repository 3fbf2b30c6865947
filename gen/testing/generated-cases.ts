import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DescFile } from "@bufbuild/protobuf";
import { compileCode, generateCode } from "../../scripts/generate-code.js";
import { casesOf, type MessageCase } from "./messages.js";

/**
 * Generates and compiles code from protos, given by their paths, and returns all messages of these.
 *
 * @param options - Parameters of our plugin.
 */
export async function casesFrom(
  protos: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<MessageCase[]> {
  const folder = mkdtempSync(join(tmpdir(), "kloset-generated-"));
  try {
    const input = join(folder, "proto");
    for (const [path, text] of Object.entries(protos)) {
      mkdirSync(dirname(join(input, path)), { recursive: true });
      writeFileSync(join(input, path), text);
    }
    generateCode(input, folder, { options });
    compileCode(folder);
    const pairs: [DescFile, object][] = [];
    for (const path of Object.keys(protos)) {
      const load = async (kind: string): Promise<object> =>
        (await import(pathToFileURL(join(folder, "dist", path.replace(".proto", `_${kind}.js`))).href)) as object;
      const stubs = Object.values(await load("pb")) as { readonly kind?: string }[];
      const file = stubs.find(({ kind }) => kind === "file");
      if (file === undefined) throw new Error(`the stubs of ${path} have no descriptor`);
      pairs.push([file as DescFile, await load("codec")]);
    }
    return casesOf(pairs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
