// Writes the tables of the options into README.md: npm run readme
import { readFile, writeFile } from "node:fs/promises";
import { markdownOf, type Configurable } from "@kloset/sdk/config";

const readme = new URL("../README.md", import.meta.url);
const manifest = new URL("../package.json", import.meta.url);

interface Manifest {
  readonly kloset: { readonly connectors: readonly { readonly type: string; readonly module: string }[] };
}

/** Returns README.md as it is, and as it should be. */
export async function readmeTexts(): Promise<{ readonly current: string; readonly expected: string }> {
  const current = await readFile(readme, "utf8");
  const { kloset } = JSON.parse(await readFile(manifest, "utf8")) as Manifest;
  let expected = current;
  for (const { type, module } of kloset.connectors) {
    const path = module.replace(/^\.\/src\//, "./").replace(/\.ts$/, ".js");
    const { default: connector } = (await import(path)) as { readonly default: Configurable };
    const section = new RegExp(`(<!-- options: ${type} -->\n)[^]*?(<!-- end -->)`);
    if (!section.test(expected)) throw new Error(`README.md has no section "<!-- options: ${type} -->"`);
    expected = expected.replace(section, (_, start: string, end: string) => start + markdownOf(connector) + end);
  }
  return { current, expected };
}

if (process.argv[2] === "--write") {
  await writeFile(readme, (await readmeTexts()).expected);
}
