import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

/** At most this many ids are asked for with `getent`, which starts a process for each. */
const MAX_QUESTIONS = 1000;
const QUESTION_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * The names of users and groups. Node has no `getpwuid`: `/etc/passwd` and
 * `/etc/group` are read once, and `getent` is asked, where it exists, for ids
 * that are not there (LDAP, systemd-homed), once for each id.
 */
export class Accounts {
  readonly #users = new NameTable("/etc/passwd", "passwd");
  readonly #groups = new NameTable("/etc/group", "group");

  constructor() {
    try {
      const { uid, username } = userInfo();
      // macOS keeps its users elsewhere: this one at least is known.
      if (uid >= 0) this.#users.suggest(uid, username);
    } catch {
      // A process may run as a user that has no name.
    }
  }

  /** @returns The user's name, empty when unknown. A promise only where `getent` has to be asked. */
  userName(uid: number): string | Promise<string> {
    return this.#users.nameOf(uid);
  }

  /** @returns The group's name, empty when unknown. A promise only where `getent` has to be asked. */
  groupName(gid: number): string | Promise<string> {
    return this.#groups.nameOf(gid);
  }
}

/** Ids and names of one of the two databases. */
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
   * @param database - As `getent` calls it.
   * @param command - For tests.
   */
  constructor(file: string, database: string, command = "getent") {
    this.#file = file;
    this.#database = database;
    this.#command = command;
  }

  /** Gives a name to use where the file has none. */
  suggest(id: number, name: string): void {
    this.#suggested.set(id, name);
  }

  /** @returns The name, empty when unknown. */
  nameOf(id: number): string | Promise<string> {
    this.#names ??= this.#load();
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    if (this.#questions >= MAX_QUESTIONS) return "";
    this.#questions++;
    // One process at a time, however many ids are unknown.
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
      // Without the file there are no names: not worth failing a backup.
    }
    for (const line of text.split("\n")) {
      const found = parseLine(line);
      // The first line counts, as for getpwuid(3).
      if (found !== undefined && !names.has(found.id)) names.set(found.id, found.name);
    }
    for (const [id, name] of this.#suggested) if (!names.has(id)) names.set(id, name);
    return names;
  }

  #ask(id: number): Promise<string> {
    if (this.#questions >= MAX_QUESTIONS) return Promise.resolve("");
    return new Promise((resolve) => {
      const options = { timeout: QUESTION_TIMEOUT_MS, maxBuffer: MAX_ANSWER_BYTES };
      // Not imported: it takes long to load, and most systems need no command.
      process
        .getBuiltinModule("node:child_process")
        .execFile(this.#command, [this.#database, String(id)], options, (error, stdout) => {
          // An exit status means "no such id". Anything else (no getent here, a
          // directory server that does not answer) would be the same for the next id.
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
  // A name that was not UTF-8 is no name: it must not reach the snapshot mangled.
  return name.includes("\ufffd") ? undefined : { id: Number(id), name };
}
