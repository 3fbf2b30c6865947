/** The position that Node prints above an uncaught error. The line of code follows. */
const POSITION = /^(?:\/|file:\/\/|[A-Za-z]:\\).*\.[cm]?[jt]s:\d+$/;
const CARET = /^ *\^+$/;
/** Characters of the line of code that are kept. */
const MAX_CODE = 200;

/**
 * Creates a function that shortens the line of code that Node prints above an uncaught error: in a packaged plugin, it
 * may be most of the bundle. Other lines are kept.
 *
 * @returns A function that takes the next part of a log, of any number of lines, and returns what to show of it. A line
 * in several parts is recognized if it is the line of code.
 */
export function nodeErrorShortener(): (text: string) => string {
  let line: "code" | "caret" | "other" = "other";
  let length = 0;
  const shownOf = (part: string): string => {
    const isEnd = part.endsWith("\n");
    const text = isEnd ? part.slice(0, -1) : part;
    if (line === "code") {
      const kept = text.slice(0, Math.max(0, MAX_CODE - length)).toWellFormed();
      length += text.length;
      if (!isEnd) return kept;
      const isCut = length > MAX_CODE;
      const end = isCut ? `… (${length - MAX_CODE} more characters)\n` : "\n";
      [line, length] = [isCut ? "caret" : "other", 0];
      return kept + end;
    }
    // It would point to code that is not shown.
    const isStray = line === "caret" && CARET.test(text);
    line = isEnd && POSITION.test(text) ? "code" : "other";
    return isStray ? "" : part;
  };
  return (text) =>
    text
      .split(/(?<=\n)/)
      .map(shownOf)
      .join("");
}
