import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { Accounts, NameTable } from "./accounts.js";
import { makeFolder, removeFolder } from "./testing/fixtures.js";

let folder = "";

beforeAll(() => {
  folder = makeFolder();
});

afterAll(() => {
  removeFolder(folder);
});

function file(name: string, content: string | Buffer, mode = 0o644): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode });
  return path;
}

/** Makes a fake getent that logs its arguments. */
function command(name: string, script: string): { path: string; asked: () => string[] } {
  const log = file(`${name}.log`, "");
  const path = file(name, `#!/bin/sh\necho "$@" >> '${log}'\n${script}\n`, 0o755);
  return { path, asked: () => readFileSync(log, "utf8").split("\n").slice(0, -1) };
}

describe("NameTable", () => {
  it("reads the file, and uses the first name of an id", () => {
    const table = new NameTable(
      file(
        "passwd",
        "root:x:0:0:root:/root:/bin/sh\n# comment\n\nme:x:1000:1000::/:\nalso-me:x:1000:1000::/:\n:x:7:\n",
      ),
      "passwd",
      "/nonexistent/getent",
    );
    expect(table.nameOf(0)).toBe("root");
    expect(table.nameOf(1000)).toBe("me");
  });

  it("runs getent once for each id that is not in the file", async () => {
    const getent = command("getent", 'case $2 in 5000) echo "ldap:*:5000:5000::/:";; *) exit 2;; esac');
    const table = new NameTable(file("empty", ""), "passwd", getent.path);
    const first = table.nameOf(5000);
    expect(await Promise.all([first, table.nameOf(5000), table.nameOf(6000)])).toEqual(["ldap", "ldap", ""]);
    expect(table.nameOf(5000)).toBe("ldap");
    expect(table.nameOf(6000)).toBe("");
    expect(getent.asked()).toEqual(["passwd 5000", "passwd 6000"]);
  });

  it("ignores an answer for another id", async () => {
    const getent = command("getent-wrong", 'echo "other:x:1:"');
    expect(await new NameTable(file("group", ""), "group", getent.path).nameOf(2)).toBe("");
  });

  it("returns no names if both file and getent are missing", async () => {
    const table = new NameTable(join(folder, "none"), "passwd", join(folder, "no-getent"));
    expect(await table.nameOf(1)).toBe("");
    expect(table.nameOf(2)).toBe("");
  });

  it("leaves out a name that is not UTF-8", async () => {
    const path = file("latin1", Buffer.from("caf\xe9:x:9:9::/:\n", "latin1"));
    expect(await new NameTable(path, "passwd", "/nonexistent/getent").nameOf(9)).toBe("");
  });
});

describe("Accounts", () => {
  it("knows the current user", async () => {
    const { uid, username } = userInfo();
    expect(await new Accounts().userName(uid)).toBe(username);
  });

  it("knows the group of root", async () => {
    expect(["root", "wheel"]).toContain(await new Accounts().groupName(0));
  });
});
