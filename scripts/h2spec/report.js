// Reads and judges a report of h2spec.

/** h2spec 2.2.1 has 146 cases: a report with far fewer is incomplete. */
const LEAST = 140;

/**
 * Reads h2spec's report (JUnit XML).
 *
 * @returns {{ name: string, state: "passed" | "failed" | "skipped", actual: string, text: string }[]}
 */
export function readReport(xml) {
  return [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([^]*?)<\/testcase>/g)].map((match) => {
    const [group, title, content] = match.slice(1).map(unescape);
    const text = content.replace(/<[^>]*>/g, "").trim();
    const state = content.trim() === "" ? "passed" : content.includes("<skipped") ? "skipped" : "failed";
    // The expected outcomes, one per line, then the actual one.
    return { name: `${group}: ${title}`, state, text, actual: text.split("\n").at(-1) };
  });
}

function unescape(text) {
  const entities = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return hex === undefined ? (entities[name] ?? whole) : String.fromCodePoint(parseInt(hex, 16));
  });
}

/**
 * Checks that every case passes, except the exceptions, which must fail as recorded.
 *
 * @param exceptions {{ case: string, instead: string, why: string }[]}
 */
export function judge(cases, exceptions) {
  const known = new Map(exceptions.map((exception) => [exception.case, exception]));
  const problems = cases.flatMap(({ name, state, actual, text }) => {
    const exception = known.get(name);
    known.delete(name);
    if (exception === undefined) return state === "passed" ? [] : [`${name}: ${state}\n${text}`];
    if (state === "passed") return [`${name}: passes; remove it from the known exceptions`];
    return actual === exception.instead ? [] : [`${name}: expected ${JSON.stringify(exception.instead)}\n${text}`];
  });
  for (const name of known.keys()) problems.push(`${name}: known exception, but no such case`);
  if (cases.length < LEAST) problems.push(`expected at least ${LEAST} cases, got ${cases.length}`);
  const passed = cases.filter(({ state }) => state === "passed").length;
  return {
    problems,
    line: `h2spec: ${passed} of ${cases.length} cases pass, ${exceptions.length} are known exceptions, ${problems.length} problems`,
  };
}
