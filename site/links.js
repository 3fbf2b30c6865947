// Makes links of documents that are also read on GitHub work on the site.
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../", import.meta.url));
const docs = join(top, "docs");

/** Documents outside of docs/ that a page of the site includes. */
const PAGES = {
  "README.md": "introduction",
  "SECURITY.md": "security",
  "CONTRIBUTING.md": "contributing",
  "packages/conformance/README.md": "conformance",
  "packages/host/README.md": "host",
  "packages/testing/README.md": "testing",
  "plugins/fs/README.md": "tsfs",
};

/**
 * Rewrites relative links of Markdown: to pages of the site, or else to files of the repository on GitHub. A page that
 * includes a document from elsewhere names its folder in the frontmatter (`source`).
 *
 * @param md - The markdown-it of VitePress.
 * @param repository - The URL of the repository.
 */
export function repositoryLinks(md, repository) {
  md.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const attribute = { link_open: "href", image: "src" }[token.type];
      const target = attribute === undefined ? null : token.attrGet(attribute);
      if (target === null || /^(?:[a-z]+:|#|\/)/.test(target)) continue;
      token.attrSet(attribute, resolved(target, env, repository));
    }
  });
}

function resolved(target, { relativePath, frontmatter = {} }, repository) {
  const [path, hash = ""] = target.split(/(?=#)/);
  const page = join(docs, relativePath);
  const folders = [dirname(page), ...(frontmatter.source === undefined ? [] : [join(top, frontmatter.source)])];
  const file = folders.map((folder) => join(folder, decodeURI(path))).find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`docs/${relativePath}: the link "${target}" leads to no file`);
  const inDocs = relative(docs, file);
  if (!inDocs.startsWith("..") && /\.(?:md|svg|png)$/.test(file)) {
    const way = relative(dirname(page), file);
    return (way.startsWith(".") ? way : `./${way}`) + hash;
  }
  const inRepository = relative(top, file);
  const own = PAGES[inRepository] ?? PAGES[join(inRepository, "README.md")];
  if (own !== undefined) return `/${own}${hash}`;
  return `${repository}/${statSync(file).isDirectory() ? "tree" : "blob"}/main/${inRepository}${hash}`;
}
