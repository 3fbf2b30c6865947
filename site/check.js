// Checks the built site in a headless Chromium: links, search, the copy buttons, the width of a phone, and accessibility.
//
//   node check.js             needs `chromium` on PATH, or its path in the environment variable CHROMIUM
/* global document, getComputedStyle, navigator */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";
import { serve } from "vitepress";

const PORT = 4173;
const ORIGIN = `http://localhost:${PORT}`;
/** The width of a small phone, in CSS pixels. */
const PHONE = { width: 375, height: 812 };
const DESKTOP = { width: 1280, height: 900 };
/** The impacts of axe's findings that fail the check. */
const SERIOUS = new Set(["serious", "critical"]);

const site = fileURLToPath(new URL(".", import.meta.url));
const dist = join(site, "dist");
const paths = readdirSync(dist, { recursive: true })
  .filter((name) => name.endsWith(".html") && name !== "404.html")
  .map((name) => `/${name.split(sep).join("/")}`.replace(/(?:index)?\.html$/, "").replace(/\/index$/, "/"))
  .sort();

const problems = [];
/** The ids of each page, and the links that lead to pages. */
const ids = new Map();
const links = [];

const { server } = await serve({ root: site, port: PORT });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? chromiumOnPath(),
  // Only this site is loaded, and containers have no user namespaces for the sandbox.
  args: ["--no-sandbox"],
});
try {
  const context = await browser.newContext({
    viewport: DESKTOP,
    permissions: ["clipboard-read", "clipboard-write"],
    reducedMotion: "reduce",
  });
  // Only for hangs.
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(ORIGIN) && !url.startsWith("data:")) problems.push(`${page.url()} loads ${url} from elsewhere`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) problems.push(`${page.url()}: ${response.url()}: ${response.status()}`);
  });
  for (const path of paths) await checkPage(page, path);
  checkLinks();
  checkLinked();
  await checkDark(page);
  await checkCopy(page);
  await checkSearch(page);
} finally {
  await browser.close();
  server.close();
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${paths.length} pages, ${links.length} links: no problem`);
process.exit(0);

/** Opens a page, and waits until its scripts run. */
async function open(page, path) {
  await page.goto(ORIGIN + path, { waitUntil: "load" });
  // The theme gives this button its title when it is mounted.
  await page.locator(".VPSwitchAppearance:not([title=''])").first().waitFor({ state: "attached" });
}

async function checkPage(page, path) {
  await page.setViewportSize(DESKTOP);
  await open(page, path);
  const found = await page.evaluate(() => ({
    ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
    links: [...document.querySelectorAll("a[href]")].map(({ href }) => href),
    images: [...document.images]
      .filter(({ complete, naturalWidth }) => complete && naturalWidth === 0)
      .map(({ src }) => src),
    blocks: document.querySelectorAll(".vp-doc [class*='language-'] pre").length,
    buttons: document.querySelectorAll(".vp-doc [class*='language-'] > button.copy").length,
  }));
  ids.set(path, new Set(found.ids));
  for (const href of new Set(found.links)) if (href.startsWith(ORIGIN)) links.push({ path, href });
  for (const src of found.images) problems.push(`${path}: the image ${src} is broken`);
  if (found.blocks !== found.buttons)
    problems.push(`${path}: ${found.blocks} code blocks, but ${found.buttons} copy buttons`);
  await checkAccessibility(page, path);

  await page.setViewportSize(PHONE);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  if (width > PHONE.width)
    problems.push(`${path}: ${width} pixels wide on a phone of ${PHONE.width}${await widest(page)}`);
}

/** Names the elements that are wider than the page. */
async function widest(page) {
  const names = await page.evaluate((limit) => {
    const clipped = (element) => {
      for (
        let parent = element.parentElement;
        parent !== null && parent !== document.body;
        parent = parent.parentElement
      )
        if (getComputedStyle(parent).overflowX !== "visible") return true;
      return false;
    };
    return [...document.body.querySelectorAll("*")]
      .filter((element) => element.getBoundingClientRect().right > limit && !clipped(element))
      .map((element) => `${element.tagName.toLowerCase()}: ${(element.textContent ?? "").trim().slice(0, 60)}`)
      .slice(0, 3);
  }, PHONE.width);
  return names.map((name) => `\n  ${name}`).join("");
}

async function checkAccessibility(page, path) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const results = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return results.violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      nodes: nodes.map(({ html }) => html),
    }));
  });
  for (const { id, impact, help, nodes } of violations.filter((violation) => SERIOUS.has(violation.impact)))
    problems.push(`${path}: ${impact}: ${help} (${id}), ${nodes.length} times, such as ${nodes[0].slice(0, 200)}`);
}

function checkLinks() {
  for (const { path, href } of links) {
    const { pathname, hash } = new URL(href);
    const target = ids.get(pathname);
    if (target === undefined) {
      // Files, such as images.
      if (!/\.\w+$/.test(pathname)) problems.push(`${path}: the link to ${pathname} is broken`);
    } else if (hash !== "" && !target.has(decodeURIComponent(hash.slice(1)))) {
      problems.push(`${path}: ${pathname} has no ${hash}`);
    }
  }
}

function checkLinked() {
  const linked = new Set(
    links.filter(({ path, href }) => new URL(href).pathname !== path).map(({ href }) => new URL(href).pathname),
  );
  for (const path of paths) if (!linked.has(path)) problems.push(`${path}: no other page links to it`);
}

/** The colors of the dark theme are the same on every page. */
async function checkDark(page) {
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: "dark" });
  for (const path of ["/", "/start", "/how-it-works"]) {
    await open(page, path);
    await checkAccessibility(page, `${path} (dark)`);
  }
  await page.emulateMedia({ colorScheme: "light" });
}

async function checkCopy(page) {
  await open(page, "/start");
  const block = page.locator(".language-ts").first();
  await block.hover();
  await block.locator("button.copy").click();
  const copied = await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text || undefined));
  // Region comments are left out of the pages.
  const file = readFileSync(join(site, "../docs/snippets/notes.ts"), "utf8").replace(
    /^ *\/\/ #(?:end)?region.*\n/gm,
    "",
  );
  if ((await copied.jsonValue()).trim() !== file.trim()) problems.push("/start: the copy button copies something else");
}

async function checkSearch(page) {
  await open(page, "/");
  await page
    .getByRole("button", { name: /search/i })
    .first()
    .click();
  await page.locator(".search-input").fill("defineImporter");
  const results = page.locator(".VPLocalSearchBox .result");
  await results.first().waitFor();
  const targets = await results.evaluateAll((elements) => elements.map(({ href }) => new URL(href).pathname));
  if (!targets.includes("/reference/sdk")) problems.push(`search for defineImporter finds only ${targets.join(", ")}`);
  await results.first().click();
  await page.locator(".VPDoc", { hasText: "defineImporter" }).waitFor();
}

function chromiumOnPath() {
  const folder = (process.env.PATH ?? "").split(":").find((each) => {
    try {
      return readdirSync(each).includes("chromium");
    } catch {
      return false;
    }
  });
  if (folder === undefined)
    throw new Error("the check needs chromium: install it (apt-get install chromium), or set CHROMIUM to its path");
  return join(folder, "chromium");
}
