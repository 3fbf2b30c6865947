import { Console } from "node:console";
import { Writable } from "node:stream";
import { afterEach, describe, expect, it } from "@jest/globals";
import { logConsole } from "./console.js";
import { logSettings } from "./level.js";
import { LineLog } from "./log.js";
import { addSecrets, forgetSecrets } from "./mask.js";
import { nodeErrorShortener } from "./node-error.js";

afterEach(forgetSecrets);

function newLog(settings?: string): { log: LineLog; lines: string[]; clock: { ms: number } } {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const log = new LineLog({ settings: () => settings, write: (line) => lines.push(line), now: () => clock.ms });
  return { log, lines, clock };
}

describe("logSettings", () => {
  it.each([
    [undefined, "warn", false, []],
    ["", "warn", false, []],
    ["debug", "debug", false, []],
    [" JSON , info", "info", true, []],
    ["json", "warn", true, []],
    ["error,debug", "debug", false, []],
    ["verbose,json", "warn", true, ["verbose"]],
  ])("reads %j", (text, level, json, unknown) => {
    expect(logSettings(text)).toEqual({ level, json, unknown });
  });
});

describe("LineLog", () => {
  it("writes warnings and errors by default", () => {
    const { log, lines } = newLog();
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d", { path: "/a b", tries: 3, error: new Error("full") });
    expect(lines).toEqual(["warn: c\n", 'error: d path="/a b" tries=3 error="full"\n']);
  });

  it("writes all levels on request", () => {
    const { log, lines } = newLog("debug");
    log.debug("a", { error: new TypeError("no") });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^debug: a error="TypeError: no\\n {4}at .*"\n$/);
  });

  it("warns of an unknown level, and goes on", () => {
    const { log, lines } = newLog("loud");
    log.error("a");
    expect(lines).toEqual(['warn: KLOSET_LOG: expected error, warn, info, debug or json, got "loud"\n', "error: a\n"]);
  });

  it("writes one line, without control characters, of bounded length", () => {
    const { log, lines } = newLog();
    log.warn("a\nb\r\u001B[31mred\u2028");
    log.warn("x".repeat(5000));
    expect(lines[0]).toBe("warn: a\\nb\\r\\u001b[31mred\\u2028\n");
    expect(lines[1]).toMatch(/^warn: x{4096}… \(904 more characters\)\n$/);
  });

  it("counts repeated messages, and writes them again after a minute", () => {
    const { log, lines, clock } = newLog();
    for (let i = 0; i < 42; i++) log.warn("slow");
    log.warn("other");
    log.error("slow");
    clock.ms = 60_000;
    log.warn("slow");
    log.warn("slow");
    expect(lines.splice(0)).toEqual(["warn: slow\n", "warn: other\n", "error: slow\n", "warn: slow (… 41 more)\n"]);
    log.flush();
    expect(lines.splice(0)).toEqual(["warn: slow (… 1 more)\n"]);
    log.flush();
    expect(lines).toEqual([]);
  });

  it("remembers a bounded number of messages, and counts those that it forgets", () => {
    const { log, lines } = newLog();
    log.warn("first");
    log.warn("first");
    for (let i = 0; i < 256; i++) log.warn(`message ${i}`);
    expect(lines.at(-1)).toBe("warn: first (… 1 more)\n");
    log.warn("first");
    expect(lines.at(-1)).toBe("warn: first\n");
  });

  it("writes JSON on request", () => {
    const { log, lines } = newLog("json,info");
    log.info("a\nb", { level: "x", path: "/a", error: new Error("full") });
    log.info("a\nb", { level: "x", path: "/a", error: new Error("full") });
    log.flush();
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { time: "1970-01-01T00:00:00.000Z", level: "info", message: "a\nb", path: "/a", error: "full" },
      { time: "1970-01-01T00:00:00.000Z", level: "info", message: expect.stringContaining("a"), omitted: 1 },
    ]);
  });

  it.each([undefined, "json"])("replaces secrets in messages and fields (KLOSET_LOG=%s)", (settings) => {
    addSecrets(['tok"en', "multi\nline"]);
    const { log, lines } = newLog(settings);
    log.warn('the tok"en of multi\nline', { url: "https://h/?t=tok%22en", error: new Error('bad tok"en') });
    log.warn("x", { cut: `${"x".repeat(4092)}tok"en` });
    expect(lines.join("")).not.toMatch(/tok|multi/);
  });

  it("accepts values that cannot be printed", () => {
    const { log, lines } = newLog();
    const hostile = new Proxy(new Error("x"), {
      get() {
        throw new Error("no");
      },
    });
    log.warn("a", { hostile, none: undefined, big: 1n, circle: [lines] });
    expect(lines[0]).toMatch(/^warn: a hostile="a value that cannot be printed" none="undefined" big="1n"/);
  });
});

describe("logConsole", () => {
  it("sends every method of console to the log", () => {
    const { log, lines } = newLog("debug");
    const nowhere = new Writable({
      write: (_chunk, _encoding, done) => {
        done(new Error("written past the log"));
      },
    });
    const target = new Console(nowhere);
    logConsole(log, target);
    target.log("a %s", "b", { c: 1 });
    target.info("info");
    target.debug("debug");
    target.warn("warn");
    target.error(new Error("failed").message);
    target.trace("here");
    target.assert(false, "asserted");
    target.count();
    target.dir({ deep: [1] });
    target.dirxml("xml");
    target.table([{ a: 1 }]);
    target.group("group");
    target.time("t");
    target.timeEnd("t");
    expect(lines.map((line) => line.split(":")[0])).toEqual([
      ...["info", "info", "debug", "warn", "error", "error", "warn"],
      ...["info", "info", "info", "info", "info", "info"],
    ]);
    expect(lines[0]).toBe("info: a b { c: 1 }\n");
  });
});

describe("nodeErrorShortener", () => {
  const long = "x".repeat(300);
  const at = "    at Object.<anonymous> (/p/notes-importer.cjs:28:300)";
  const text = ["warn: a", "/p/notes-importer.cjs:28", long, `${" ".repeat(299)}^^^`, "", "Error: no file", at, ""];
  const short = ["warn: a", text[1], `${long.slice(0, 200)}… (100 more characters)`, ...text.slice(4)];

  it("shortens the line of code above an error, and leaves out the caret that points into it", () => {
    expect(nodeErrorShortener()(text.join("\n"))).toBe(short.join("\n"));
    const asModule = text.join("\n").replace("/p/", "file:///p/");
    expect(nodeErrorShortener()(asModule + asModule)).toBe(short.join("\n").replace("/p/", "file:///p/").repeat(2));
  });

  it("recognizes the line of code when it arrives in parts", () => {
    const shortened = nodeErrorShortener();
    const parts = [...text.slice(0, 2).map((line) => `${line}\n`), "x".repeat(150), "x".repeat(100), "x".repeat(50)];
    const rest = `\n${text.slice(3).join("\n")}`;
    expect([...parts, rest].map(shortened).join("")).toBe(short.join("\n"));
  });

  it.each([
    ["a short line of code, with its caret", "/p/a.js:1\nthrow x;\n      ^\n"],
    ["other long lines", `${long}\n{"message":"${long}"}\nlistening on localhost:80\n${long}\n`],
    ["an address at the end", "/p/a.js:1\n"],
    ["a caret elsewhere", `/p/a.js:1\n\n   ^\n`],
  ])("keeps %s", (_, log) => {
    expect(nodeErrorShortener()(log)).toBe(log);
  });
});
