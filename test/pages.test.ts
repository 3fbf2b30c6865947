/** Checks the code, the commands and the paths that the documents show. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "shell-quote";
import { klosetCommand, withSubcommands } from "../packages/cli/src/program.js";
import { conformanceCommand } from "../packages/conformance/src/cli/command.js";
import { embed, pages } from "../scripts/embed.js";
import { readJson, top } from "../scripts/packages.js";

/** A command of a document. */
interface Shown {
  /** The line or the code span. */
  readonly text: string;
  readonly words: readonly string[];
  /** True in running text, which may leave out arguments: `kloset new`. */
  readonly isMention: boolean;
}

const documents = execFileSync("git", ["ls-files", "*.md"], { cwd: top, encoding: "utf8" })
  .trim()
  .split("\n")
  .filter((path) => !/^(?:docs\/api\/|CHANGELOG\.md$)/.test(path));

const read = (path: string): string => readFileSync(join(top, path), "utf8");

describe("the pages", () => {
  it.each(pages())("show only code that is compiled and run (%s)", (page) => {
    const text = read(page);
    expect(
      text.replace(/^<!-- (?:file|test): .*\n```.*/gm, "").match(/^```(?:ts|js|typescript|javascript|yaml)\b/gm),
    ).toBeNull();
    // `npm run docs:embed` copies the files into the pages.
    expect(text).toBe(embed(text));
  });
});

describe("the documents", () => {
  it.each(documents)("show commands that exist (%s)", async (path) => {
    const problems: string[] = [];
    for (const shown of commandsOf(read(path))) {
      const problem = await problemOf(shown, path);
      if (problem !== undefined) problems.push(`${shown.text}: ${problem}`);
    }
    expect(problems).toEqual([]);
  });

  it.each(documents)("name files that exist (%s)", (path) => {
    expect(missingFiles(read(path), path)).toEqual([]);
  });
});

describe("the check of the documents", () => {
  it.each([
    ["```sh\nnpx kloset check --onyl manifest\n```", "unknown option '--onyl'"],
    ["```sh\nnpx kloset inspect scan ./plugin\n```", "missing required argument 'location'"],
    ["```sh\nnpx kloset list # plugins\n```", "unknown command 'list'"],
    ["see `kloset inspect scann`", "unknown command 'scann'"],
    ["```sh\nnpx @kloset/conformance -c importer ./plugin\n```", "required option '-l, --location <location>'"],
    ["```sh\nnpm ci && npm run biuld\n```", "no script biuld"],
    ["run `node scripts/missing.js`", "no file scripts/missing.js"],
  ])("rejects %j", async (text, problem) => {
    const [shown] = commandsOf(text).slice(-1);
    expect(shown && (await problemOf(shown, "README.md"))).toContain(problem);
  });

  it("rejects a link and a path without a file", () => {
    expect(missingFiles("[here](docs/missing.md#a) and `scripts/missing.js`, not `a/b`", "README.md")).toEqual([
      "docs/missing.md",
      "scripts/missing.js",
    ]);
  });

  it("accepts a mention without its arguments", async () => {
    const [shown] = commandsOf("`kloset inspect scan` and more");
    expect(shown && (await problemOf(shown, "README.md"))).toBeUndefined();
  });
});

function withoutBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "");
}

/** Returns the links and the paths of this repository in a document that lead to no file. */
function missingFiles(text: string, document: string): string[] {
  const prose = withoutBlocks(text);
  const links = [...prose.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)/g)].map(([, target = ""]) => target);
  const spans = [...prose.matchAll(/`([\w.-]+(?:\/[\w.@-]+)+\/?)`/g)].map(([, target = ""]) => target);
  const paths = spans.filter((target) => existsSync(join(top, target.split("/")[0] ?? "")) && !/\bdist\b/.test(target));
  const isMissing = (target: string): boolean =>
    ![join(top, dirname(document)), top].some((folder) => existsSync(join(folder, target)));
  // docs/reference is generated with the site.
  return [...links, ...paths].filter((target) => isMissing(target) && !/\breference(?:\/|$)/.test(target));
}

/** Returns the commands in the shell blocks and code spans of a document. */
function commandsOf(text: string): Shown[] {
  const blocks = [...text.matchAll(/^```(?:sh|make)\n([\s\S]*?)^```$/gm)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.replaceAll("\\\n", " ").split("\n"));
  const spans = [...withoutBlocks(text).matchAll(/`((?:npx |npm |node |kloset )[^`]+)`/g)].map(([, span = ""]) => span);
  return [
    ...lines.flatMap((line) => commandsIn(line, false)),
    ...spans.flatMap((span) => commandsIn(span.replaceAll("\n", " "), true)),
  ];
}

/** Splits a line into commands. */
function commandsIn(text: string, isMention: boolean): Shown[] {
  const commands: string[][] = [[]];
  // Variables stay as they are written.
  for (const token of parse(text, (name) => `$${name}`)) {
    if (typeof token === "string") commands.at(-1)?.push(token);
    else if ("pattern" in token) commands.at(-1)?.push(token.pattern);
    else if ("comment" in token) break;
    else commands.push([]);
  }
  return commands.filter(({ length }) => length > 0).map((words) => ({ text, words, isMention }));
}

/** Returns the reason why a command would fail, as far as it is one of this repository. */
async function problemOf({ words, isMention }: Shown, document: string): Promise<string | undefined> {
  // An ellipsis stands for the other arguments.
  if (words.includes("…")) return undefined;
  const [program = "", ...args] = words[0] === "npx" ? words.slice(1) : words;
  switch (program) {
    case "kloset":
    case "kloset@latest":
      return await usageProblem(args, isMention);
    case "kloset-conformance":
    case "@kloset/conformance":
      return await usageProblem(args, isMention, kit());
    case "npm":
      if (args[0] === "create" && args[1] === "kloset@latest")
        return await usageProblem(["new", ...args.slice(2).filter((word) => word !== "--")], isMention);
      return args[0] === "run" ? scriptProblem(args.slice(1), document) : undefined;
    case "node": {
      const [file = ""] = args.filter((word) => !word.startsWith("-"));
      return !file.includes("/") || existsSync(join(top, file)) ? undefined : `no file ${file}`;
    }
    default:
      return undefined;
  }
}

/** The scripts of a new project, and the README that tells of them. */
const TEMPLATES = "packages/cli/templates/readme/";

function scriptProblem(args: readonly string[], document: string): string | undefined {
  const prefix = args.includes("--prefix") ? `${args[args.indexOf("--prefix") + 1] ?? ""}/` : "";
  const scripts = document.startsWith(TEMPLATES)
    ? { build: "", test: "", check: "", package: "" }
    : (readJson(`${prefix}package.json`)["scripts"] as Readonly<Record<string, string>>);
  const [name = ""] = args.filter((word) => !word.startsWith("-"));
  return name in scripts ? undefined : `no script ${name}`;
}

function kit(): ReturnType<typeof conformanceCommand> {
  const command = conformanceCommand({ check: async () => undefined, list: () => undefined });
  for (const each of withSubcommands(command)) each.exitOverride();
  return command;
}

function kloset(): ReturnType<typeof klosetCommand> {
  const silent = { out: () => undefined, error: () => undefined, isTerminal: false, isInteractive: false, columns: 80 };
  return klosetCommand({ terminal: silent, signal: new AbortController().signal, exitWith: () => undefined });
}

/** Parses a command line without running its command. */
async function usageProblem(
  args: readonly string[],
  isMention: boolean,
  command = kloset(),
): Promise<string | undefined> {
  for (const each of withSubcommands(command)) {
    each.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    // A group of subcommands has no action of its own.
    if (each.commands.length === 0) each.action(() => undefined);
  }
  try {
    await command.parseAsync([...args], { from: "user" });
    return undefined;
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string };
    const isIncomplete = code === "commander.missingArgument" || code === "commander.missingMandatoryOptionValue";
    return code === "commander.help" || (isMention && isIncomplete) ? undefined : message;
  }
}
