// Writes the table of messages to docs/reference/messages.md: every text of an error or notice in the sources of the SDK,
// with the advice of message-advice.js.
import { readFileSync, readdirSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { advice, groups } from "./message-advice.js";

const top = fileURLToPath(new URL("../", import.meta.url));
/** Shorter texts are names or fragments. */
const MIN_WORDS = 4;
/** Functions and classes that receive a message, beside those named …Error. */
const RECEIVERS =
  /^(?:new )?(?:InvalidValue|OutOfRange|HostProtocolError|failedPrecondition|invalidArgument|unimplemented|resourceExhausted|notFound|noticeOnce|report|this\.#endings\.lost|endings\.lost|problems\.push)$|Error$/;

/** Messages that a function returns. */
const COMPOSED = /^(?:config key |this plugin is )/;

const used = new Set();
const sections = groups.map(({ title, text, sources }) => {
  const messages = new Set(sources.flatMap(sourceFiles).flatMap(messagesOf));
  if (messages.size === 0) throw new Error(`message-advice.js: no message in ${sources.join(", ")}`);
  const rows = [...messages]
    .sort((a, b) => a.localeCompare(b, "en"))
    .map((message) => `| ${code(message)} | ${adviceFor(message)} |`);
  return `## ${title}\n\n${text}\n\n| message | what to do |\n| --- | --- |\n${rows.join("\n")}\n`;
});
const stale = advice.filter(([fragment]) => !used.has(fragment));
if (stale.length > 0)
  throw new Error(`message-advice.js: no message contains ${stale.map(([text]) => `"${text}"`).join(", ")}`);
mkdirSync(join(top, "docs/reference"), { recursive: true });
writeFileSync(join(top, "docs/reference/messages.md"), sections.join("\n"));

/** Returns the sources in a folder, or the one file. */
function sourceFiles(path) {
  if (path.endsWith(".ts")) return [path];
  return readdirSync(join(top, path), { recursive: true })
    .filter((name) => /\.ts$/.test(name) && !/\.test\.ts$|(?:^|\/)(?:testing|examples)\//.test(name))
    .map((name) => `${path}/${name}`)
    .sort();
}

/** Returns the texts of a source's errors and notices. An expression within a text becomes "…". */
function messagesOf(path) {
  const source = ts.createSourceFile(path, readFileSync(join(top, path), "utf8"), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && RECEIVERS.test(node.expression.getText())) {
      const texts = (node.arguments ?? []).map(textOf).filter((text) => text !== undefined);
      found.push(...texts.filter((text) => text.split(" ").length >= MIN_WORDS && !text.startsWith("unreachable")));
    }
    // Functions that only put a message together.
    if (ts.isReturnStatement(node) && node.expression !== undefined) {
      const text = textOf(node.expression);
      if (text !== undefined && COMPOSED.test(text)) found.push(text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function textOf(node) {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
}

function adviceFor(message) {
  const entry = advice.find(([fragment]) => message.includes(fragment));
  if (entry === undefined) return "";
  used.add(entry[0]);
  return entry[1];
}

function code(text) {
  return `\`${text.trim().replaceAll("|", "\\|").replaceAll("`", "'")}\``;
}
