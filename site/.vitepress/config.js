import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { slug } from "github-slugger";
import { defineConfig } from "vitepress";
import { casts, diagrams } from "../pictures.js";
import { repositoryLinks } from "../links.js";
import manifest from "../../package.json" with { type: "json" };

const sidebar = [
  {
    text: "Start",
    items: [
      ["Introduction", "/introduction"],
      ["From an empty folder to an installed plugin", "/start"],
      ["How Plakar drives a plugin", "/how-it-works"],
      ["Coming from the Go SDK", "/go"],
    ],
  },
  {
    text: "Tutorials",
    items: [
      ["An importer", "/tutorials/importer"],
      ["An exporter", "/tutorials/exporter"],
      ["A storage", "/tutorials/storage"],
      ["A secret provider", "/tutorials/secret-provider"],
      ["An inventory", "/tutorials/inventory"],
    ],
  },
  {
    text: "Guides",
    items: [
      ["Configuration and log", "/config"],
      ["Incremental backups", "/incremental"],
      ["Errors and logs", "/errors"],
      ["Secrets", "/secrets"],
      ["Both generations", "/generations"],
      ["Test a plugin", "/testing"],
      ["Debug a plugin", "/debugging"],
      ["Package and publish", "/packaging"],
      ["Messages and what to do", "/messages"],
    ],
  },
  {
    text: "Reference",
    items: [
      ["API", "/api"],
      ["The command", "/kloset"],
      ["Conformance kit", "/conformance"],
      ["Host", "/host"],
      ["Fault matrix", "/fault-matrix"],
      ["Security", "/security"],
      ["Performance", "/performance"],
      ["Benchmark", "/benchmark"],
      ["Architecture", "/architecture"],
      ["The plugin tsfs", "/tsfs"],
      ["Contributing", "/contributing"],
    ],
  },
].map(({ text, items }) => ({ text, items: items.map(([title, link]) => ({ text: title, link })) }));

export default defineConfig({
  title: "Kloset SDK",
  description: "The TypeScript SDK for Plakar plugins",
  lang: "en",
  // GitHub Pages serves a project below its name: the workflow sets the base.
  base: process.env.SITE_BASE ?? "/",
  srcDir: "../docs",
  outDir: "./dist",
  // The reports of API Extractor are for reviews; docs/reference, which TypeDoc writes, is for readers.
  srcExclude: ["api/**", "snippets/**", "reference/README.md", "reference/messages.md"],
  cleanUrls: true,
  metaChunk: true,
  head: [["meta", { name: "theme-color", content: "#3451b2" }]],
  themeConfig: {
    nav: [
      { text: "Start", link: "/start" },
      { text: "API", link: "/api" },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: "local", options: { detailedView: false } },
    socialLinks: [{ icon: "github", link: manifest.repository, ariaLabel: "The repository" }],
  },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    // The documents are read on GitHub, too, and TypeDoc links as GitHub does.
    anchor: { slugify: (text) => slug(text) },
    config(md) {
      repositoryLinks(md, manifest.repository);
      diagrams(md);
      casts(md);
    },
  },
  vite: {
    // The pages are outside of this folder, where Vue would not be found.
    resolve: {
      alias: [
        { find: "vue/server-renderer", replacement: fileURLToPath(import.meta.resolve("vue/server-renderer")) },
        {
          find: /^vue$/,
          replacement: join(dirname(fileURLToPath(import.meta.resolve("vue"))), "dist/vue.runtime.esm-bundler.js"),
        },
      ],
    },
    build: { chunkSizeWarningLimit: 4096 },
  },
});
