// Diagrams and pictures of the pages.
import { renderMermaidSVG } from "beautiful-mermaid";

const COLORS = {
  bg: "var(--vp-c-bg)",
  fg: "var(--vp-c-text-1)",
  muted: "var(--vp-c-text-2)",
  line: "var(--vp-c-text-3)",
  transparent: true,
  font: "inherit",
};
let count = 0;

/**
 * Draws fenced blocks of the language `mermaid` while the site is built: no script runs for them in the browser. The
 * comment of a block (`%% text`) describes it to screen readers.
 */
export function diagrams(md) {
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const { info, content } = tokens[index];
    if (info.trim() !== "mermaid") return fence(tokens, index, ...rest);
    const title = /^%% (.+)/m.exec(content)?.[1] ?? "Diagram";
    const prefix = `diagram-${++count}-`;
    const svg = renderMermaidSVG(content.replace(/^%%.*\n/gm, ""), COLORS)
      // Fonts are the site's own.
      .replace(/@import url\([^)]*\);/, "")
      // The arrowhead of a start points backwards already.
      .replaceAll("auto-start-reverse", "auto")
      // Marks of arrows have the same ids in each diagram.
      .replace(/\bid="/g, `id="${prefix}`)
      .replace(/url\(#/g, `url(#${prefix}`)
      // No wider than drawn, and narrower where the page is: see style.css.
      .replace(/ width="([\d.]+)" height="[\d.]+" style="/, ' style="max-width:$1px;')
      .replace("<svg ", `<svg role="img" aria-label="${md.utils.escapeHtml(title)}" `);
    // Not as a template: Vue would leave out the <style>.
    return `<div class="diagram" tabindex="0" v-html="${md.utils.escapeHtml(JSON.stringify(svg))}"></div>\n`;
  };
}

/** Lets the pictures of terminals scroll on a narrow screen: their text would be too small to read. */
export function casts(md) {
  const { image } = md.renderer.rules;
  md.renderer.rules.image = (tokens, index, ...rest) => {
    const picture = image(tokens, index, ...rest);
    if (!/(?:^|\/)casts\//.test(tokens[index].attrGet("src"))) return picture;
    return `<span class="diagram" tabindex="0">${picture}</span>`;
  };
}
