import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** Maximum number of `getent` look-ups: each one starts a process. */
const MAX_QUESTIONS = 1000;
const QUESTION_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Looks up the names of users and groups. Node has no `getpwuid`, so this reads
 * `/etc/passwd` and `/etc/group` once, and runs `getent`, where it exists, once
 * for each id that the files do not contain (LDAP, systemd-homed).
 */
export class Accounts {
  readonly #users = new NameTable("/etc/passwd", "passwd");
  readonly #groups = new NameTable("/etc/group", "group");

  constructor() {
    try {
      const { uid, username } = userInfo();
      // macOS keeps its users elsewhere, so add at least the current one.
      if (uid >= 0) this.#users.suggest(uid, username);
    } catch {
      // The current user may have no name.
    }
  }

  /** @returns The user's name, or "" if it is unknown. A promise only if `getent` has to run. */
  userName(uid: number): string | Promise<string> {
    return this.#users.nameOf(uid);
  }

  /** @returns The group's name, or "" if it is unknown. A promise only if `getent` has to run. */
  groupName(gid: number): string | Promise<string> {
    return this.#groups.nameOf(gid);
  }
}

/** The ids and names of one of the two databases. */
export class NameTable {
  readonly #file: string;
  readonly #database: string;
  readonly #command: string;
  readonly #suggested = new Map<number, string>();
  #names: Map<number, string | Promise<string>> | undefined;
  #questions = 0;
  #lastAnswer: Promise<unknown> = Promise.resolve();

  /**
   * @param file - In the format of passwd(5) or group(5): name, anything, id, separated by colons.
   * @param database - The database's name for `getent`.
   * @param command - Replaced in tests.
   */
  constructor(file: string, database: string, command = "getent") {
    this.#file = file;
    this.#database = database;
    this.#command = command;
  }

  /** Adds a name to use if the file has none for this id. */
  suggest(id: number, name: string): void {
    this.#suggested.set(id, name);
  }

  /** @returns The name, or "" if it is unknown. */
  nameOf(id: number): string | Promise<string> {
    this.#names ??= this.#load();
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    if (this.#questions >= MAX_QUESTIONS) return "";
    this.#questions++;
    // Run one process at a time, however many ids are unknown.
    const answer = this.#lastAnswer
      .then(() => this.#ask(id))
      .then((name) => {
        this.#names?.set(id, name);
        return name;
      });
    this.#lastAnswer = answer;
    this.#names.set(id, answer);
    return answer;
  }

  #load(): Map<number, string> {
    const names = new Map<number, string>();
    let text = "";
    try {
      text = readFileSync(this.#file, "utf8");
    } catch {
      // A missing file only means missing names, which must not fail the backup.
    }
    for (const line of text.split("\n")) {
      const found = parseLine(line);
      // The first line for an id wins, as in getpwuid(3).
      if (found !== undefined && !names.has(found.id)) names.set(found.id, found.name);
    }
    for (const [id, name] of this.#suggested) if (!names.has(id)) names.set(id, name);
    return names;
  }

  #ask(id: number): Promise<string> {
    if (this.#questions >= MAX_QUESTIONS) return Promise.resolve("");
    return new Promise((resolve) => {
      const options = { timeout: QUESTION_TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES };
      // Loaded on demand: loading it is slow, and most systems never need it.
      process
        .getBuiltinModule("node:child_process")
        .execFile(this.#command, [this.#database, String(id)], options, (error, stdout) => {
          // An exit status means "no such id". Any other failure (getent is missing, the
          // directory server does not respond) would only repeat itself for the next id.
          if (error !== null && typeof error.code !== "number") this.#questions = MAX_QUESTIONS;
          const found = error === null ? parseLine(stdout.split("\n")[0] ?? "") : undefined;
          resolve(found?.id === id ? found.name : "");
        });
    });
  }
}

function parseLine(line: string): { id: number; name: string } | undefined {
  const [name, , id] = line.split(":");
  if (name === undefined || name === "" || id === undefined || !/^\d+$/.test(id)) return undefined;
  // The name was not UTF-8: drop it rather than store it mangled.
  return name.includes("\ufffd") ? undefined : { id: Number(id), name };
}
