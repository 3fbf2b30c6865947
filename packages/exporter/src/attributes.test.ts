import { describe, expect, it } from "@jest/globals";
import { deferred, noticesOfEach, settled } from "@kloset/test-support";
import { Attributes } from "./attributes.js";
import { ListedAttributes } from "./listed-attributes.js";
import { Packets } from "./packets.js";
import { PrefixSearch } from "./prefix-search.js";
import { FakeExporter, without } from "./testing/fake-exporter.js";
import { runExport, streamOf } from "./testing/hosts.js";
import { attribute, directory, file, listing, record, symlink, wireInfo, type Request } from "./testing/records.js";

const notices = noticesOfEach();

/** Runs an Export. Returns the attributes that were set, and the errors of results. */
async function restored(requests: readonly Request[]) {
  const exporter = new FakeExporter();
  const { results, error } = await runExport(exporter, requests);
  expect(error).toBeUndefined();
  expect(results).toHaveLength(requests.filter(({ packet }) => packet.case === "record").length);
  const errors = results.flatMap(({ result }) => (result?.error === "" ? [] : [result?.error]));
  return { set: attributesOf(exporter), errors };
}

function attributesOf(exporter: FakeExporter): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [pathname, { attributes }] of exporter.nodes) {
    for (const [name, value] of attributes) set[`${pathname} ${name}`] = value;
  }
  return set;
}

describe("extended attributes", () => {
  it("are set after the files, with their value and kind", async () => {
    const gate = deferred();
    const exporter = new FakeExporter((call) => (call === "storeFile /a" ? gate.promise : undefined));
    const running = runExport(
      exporter,
      [
        ...listing(file("/a", "1"), "user.color", "stream", "note", "user.empty"),
        ...attribute("/a", "user.color", ["re", "d"]),
        ...attribute("/a", "stream", "x", 1),
        ...attribute("/a", "note", "y", 2),
        ...attribute("/a", "user.empty", ""),
      ],
      { maxConcurrency: 4 },
    );
    await settled();
    expect(exporter.calls).toEqual(["storeFile /a"]);
    gate.resolve();
    const { results } = await running;
    expect(results.map(({ result }) => [result?.header?.xattrName, result?.header?.xattrType, result?.error])).toEqual([
      ["", 0, ""],
      ["user.color", 0, ""],
      ["stream", 1, ""],
      ["note", 2, ""],
      ["user.empty", 0, ""],
    ]);
    expect(Object.fromEntries(exporter.nodes.get("/a")?.attributes ?? [])).toEqual({
      "extended user.color": "red",
      "ads stream": "x",
      "custom note": "y",
      "extended user.empty": "",
    });
  });

  it("fail without the method, or if the author's method throws", async () => {
    const requests = [
      ...listing(file("/a", "1"), "user.color"),
      ...attribute("/a", "user.color", "red"),
      ...file("/b", "2"),
    ];
    const errorOf = async (exporter: Parameters<typeof runExport>[0]) => {
      const { results, error } = await runExport(exporter, requests);
      expect(error).toBeUndefined();
      expect(results).toHaveLength(3);
      return results.find(({ result }) => result?.header?.isXattr)?.result?.error;
    };
    expect(await errorOf(without(new FakeExporter(), "setExtendedAttribute"))).toBe(
      '"/a": this exporter does not support extended attributes',
    );
    const failing = new FakeExporter((call) => {
      if (call.startsWith("setExtendedAttribute")) throw new Error("ENOTSUP");
    });
    expect(await errorOf(failing)).toBe("ENOTSUP");
  });

  it("fail if their value is too large, incomplete or missing", async () => {
    const mebibyte = "x".repeat(1024 * 1024);
    const mebibytes = (length: number) => Array.from({ length }, () => mebibyte);
    const { errors, set } = await restored([
      ...listing(file("/a", "1"), "large", "allowed", "absent", "broken"),
      ...attribute("/a", "large", mebibytes(17)),
      ...attribute("/a", "allowed", mebibytes(16)),
      ...attribute("/a", "broken", "x").slice(0, -1),
      record({ pathname: "/a", isXattr: true, xattrName: "absent" }),
    ]);
    expect(errors).toEqual([
      'the attribute "large" of "/a" is larger than 16777216 bytes',
      expect.stringContaining('"/a" broke off'),
      'the value of the attribute "absent" of "/a" was not sent',
    ]);
    expect(Object.keys(set)).toEqual(["/a extended allowed"]);
  });

  it("of a socket that is left out are answered, and not set", async () => {
    const { errors, set } = await restored([
      ...listing([record({ pathname: "/s", fileInfo: wireInfo("s", { type: "socket" }) })], "security.selinux"),
      ...listing(file("/a", "1"), "security.selinux"),
      ...attribute("/s", "security.selinux", "label"),
      ...attribute("/a", "security.selinux", "label"),
    ]);
    expect(errors).toEqual([]);
    expect(Object.keys(set)).toEqual(["/a extended security.selinux"]);
    expect(notices()).toEqual([expect.stringContaining("sockets are left out")]);
  });

  it("of an unknown kind are dropped with one notice, and fail nothing", async () => {
    const { errors, set } = await restored([
      ...listing(file("/odd", "1"), "a", "b", "c"),
      ...attribute("/odd", "a", "1", 3),
      ...attribute("/odd", "b", "2", 250),
      ...attribute("/odd", "c", "3"),
    ]);
    expect(errors).toEqual([]);
    expect(set).toEqual({ "/odd extended c": "3" });
    expect(notices()).toEqual([
      'exporter: extended attributes of an unknown kind were not restored; the first is the attribute "a" of "/odd", of kind 3\n',
    ]);
  });
});

describe("extended attributes with the pathnames of the snapshot", () => {
  const top = (name: string, ...names: string[]) => listing([directory("/", {}, name)], ...names);

  it("belong to the entries below the restored directory, whose own attributes are set, too", async () => {
    const { set, errors } = await restored([
      ...top("ds", "user.top"),
      ...listing(file("/a.txt", "hello"), "user.color"),
      ...listing([directory("/sub")], "user.dir"),
      ...listing([symlink("/sub/link", "../a.txt")], "user.link"),
      ...listing(file("/sub/x", "x"), "user.k"),
      ...file("/sub/y", "y"),
      ...attribute("/srv/ds", "user.top", "1"),
      ...attribute("/srv/ds/a.txt", "user.color", "red"),
      ...attribute("/srv/ds/sub", "user.dir", "2"),
      ...attribute("/srv/ds/sub/link", "user.link", "3"),
      ...attribute("/srv/ds/sub/x", "user.k", "v"),
      ...attribute("/srv/dsx/a.txt", "user.color", "outside"),
      ...attribute("/srv/other/sub/y", "user.k", "outside"),
    ]);
    expect(set).toEqual({
      "/ extended user.top": "1",
      "/a.txt extended user.color": "red",
      "/sub extended user.dir": "2",
      "/sub/link extended user.link": "3",
      "/sub/x extended user.k": "v",
    });
    expect([errors, notices()]).toEqual([[], []]);
  });

  // A file beside a copy of it at the source's own path.
  it.each([
    ["both list it", ["user.k"], ["user.k"]],
    ["only the outer file lists it", ["user.k"], []],
    ["only the inner file lists it", [], ["user.k"]],
  ])("never land on a nested copy at the source's own path: %s", async (_, outer, inner) => {
    for (const name of ["docs", "/", ""]) {
      const { set, errors } = await restored([
        ...top(name),
        ...listing(file("/f", "1"), ...outer),
        ...["/home", "/home/me", "/home/me/docs"].map((pathname) => directory(pathname)),
        ...listing(file("/home/me/docs/f", "2"), ...inner),
        ...outer.flatMap((key) => attribute("/home/me/docs/f", key, "outer")),
        ...inner.flatMap((key) => attribute("/home/me/docs/home/me/docs/f", key, "inner")),
      ]);
      expect(errors).toEqual([]);
      expect(set).toEqual({
        ...(outer.length > 0 && { "/f extended user.k": "outer" }),
        ...(inner.length > 0 && { "/home/me/docs/f extended user.k": "inner" }),
      });
    }
  });

  it("are never set on an entry that does not list them, and one notice says so", async () => {
    const { set, errors } = await restored([
      ...top("unlisted"),
      ...listing(file("/a", "1"), "user.k"),
      ...file("/b", "2"),
      ...attribute("/unlisted/a", "user.k", "1"),
      ...attribute("/unlisted/a", "user.other", "2"),
      ...attribute("/unlisted/b", "user.k", "3"),
      ...attribute("/z/b", "user.k", "outside"),
    ]);
    expect([set, errors]).toEqual([{ "/a extended user.k": "1" }, []]);
    expect(notices()).toEqual([
      "exporter: extended attributes were not restored, because no restored entry lists them (2); " +
        'the first is the attribute "user.other" of "/unlisted/a"\n',
    ]);
  });

  it("are dropped with one notice if too few of them came to be sure", async () => {
    const { set, errors } = await restored([
      ...top("few"),
      ...listing(file("/a", "1"), "k", "lost"),
      ...attribute("/srv/few/a", "k", "1"),
    ]);
    expect([set, errors]).toEqual([{}, []]);
    expect(notices()).toEqual([
      "exporter: extended attributes were not restored, because it is not certain which entries they belong to (1); " +
        'the first is the attribute "k" of "/srv/few/a", which may belong to "/a"\n',
    ]);
  });

  it("are dropped if the host breaks off: those of another directory may have come first", async () => {
    const twins = [...attribute("/1/cut/f", "k", "1"), ...attribute("/2/cut/f", "k", "2")];
    const { set, errors } = await restored([...top("cut"), ...listing(file("/f", "1"), "k"), ...twins.slice(0, -2)]);
    expect([set, errors]).toEqual([{}, []]);
    expect(notices()).toEqual([expect.stringContaining('the first is the attribute "k" of "/1/cut/f"')]);
  });

  it("are restored although a few are not listed or did not come", async () => {
    const names = ["1", "2", "3", "4"];
    const { set, errors } = await restored([
      ...top("most"),
      ...listing(file("/a", "1"), ...names, "lost"),
      ...file("/b", "2"),
      ...names.flatMap((name) => attribute("/srv/most/a", name, name)),
      ...attribute("/srv/most/b", "user.k", "3"),
    ]);
    expect(set).toEqual(Object.fromEntries(names.map((name) => [`/a extended ${name}`, name])));
    expect(errors).toEqual([]);
    expect(notices()).toEqual([
      "exporter: extended attributes were not restored, because no restored entry lists them (1); " +
        'the first is the attribute "user.k" of "/srv/most/b"\n',
      "exporter: the host did not send 1 extended attribute listed by the restored entries\n",
    ]);
  });

  it("are distinguished by the name of the restored directory, and by the rest of its attributes", async () => {
    const entries = (prefix: string, ...names: string[]) =>
      names.flatMap((name) => attribute(`${prefix}/${name}`, "user.k", prefix));
    const f = listing(file("/f", "1"), "user.k");
    const twins = [...entries("/srv/a", "f"), ...entries("/srv/b", "f")];
    expect((await restored([...top("b"), ...f, ...twins])).set).toEqual({ "/f extended user.k": "/srv/b" });
    const more = [...entries("/1/b", "f", "g"), ...entries("/2/b", "f"), ...entries("/3/b", "g")];
    expect((await restored([...top("b"), ...f, ...more])).set).toEqual({ "/f extended user.k": "/2/b" });
  });

  it("are dropped with one notice if several directories fit, except where these agree", async () => {
    const { set, errors } = await restored([
      ...top("day"),
      ...listing(file("/f", "1"), "same", "other"),
      ...attribute("/1/day/f", "other", "1"),
      ...attribute("/1/day/f", "same", "x"),
      ...attribute("/2/day/f", "other", "2"),
      ...attribute("/2/day/f", "same", "x"),
    ]);
    expect(set).toEqual({ "/f extended same": "x" });
    expect(errors).toEqual([]);
    expect(notices()).toEqual([
      "exporter: extended attributes were not restored, because it is not certain which entries they belong to (1); " +
        'the first is the attribute "other" of "/1/day/f", which may belong to "/f"\n',
    ]);
  });

  it("are named as missing if none of those that are listed came, but others did", async () => {
    const lists = [...top("gone"), ...listing(file("/a", "1"), "k", "l"), ...listing(file("/b", "1"), "k")];
    expect(await restored(lists)).toEqual({ set: {}, errors: [] });
    expect(notices()).toEqual([]);
    expect(await restored([...lists, ...attribute("/srv/other/a", "k", "1")])).toEqual({ set: {}, errors: [] });
    expect(notices()).toEqual([
      "exporter: the host did not send 3 extended attributes listed by the restored entries\n",
    ]);
  });

  it("belong to a restored file, whose neighbours are outside", async () => {
    const { set, errors } = await restored([
      directory("/", { permissions: 0o700, nlink: 0, modTime: new Date() }),
      ...listing(file("/f", "1"), "user.k"),
      ...attribute("/srv/f", "user.k", "1"),
      ...attribute("/srv/g", "user.k", "2"),
      ...attribute("/srv/h", "user.k", "3"),
    ]);
    expect(set).toEqual({ "/f extended user.k": "1" });
    expect([errors, notices()]).toEqual([[], []]);
  });
});

describe("many extended attributes", () => {
  const run = async (name: string, count: number, requests: readonly Request[], limits: object) => {
    const exporter = new FakeExporter();
    for (let i = 0; i < count; i++) exporter.nodes.set(`/${i}`, { type: "file", attributes: new Map() });
    const answers: string[] = [];
    const signal = new AbortController().signal;
    const packets = new Packets(streamOf(requests), signal);
    const attributes = new Attributes({
      exporter,
      answer: ({ pathname }, failure) => {
        answers.push(`${pathname}${failure === undefined ? "" : ` ${String(failure.error)}`}`);
        return undefined;
      },
      stored: () => Promise.resolve(),
      signal,
      ...limits,
    });
    attributes.restored = name === "/" ? { type: "all" } : { type: "directory", name };
    for (let i = 0; i < count; i++) attributes.list(`/${i}`, ["k"]);
    for (let next = await packets.nextRecord(); next !== undefined; next = await packets.nextRecord()) {
      if (!(await attributes.receive(next, next.pathname, packets.content))) answers.push(next.pathname);
    }
    await attributes.finish(true);
    return { set: attributesOf(exporter), answers };
  };
  const attributesBelow = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => attribute(`${prefix}/${i}`, "k", "x".repeat(100))).flat();

  it("are restored as they come once the limit is reached, if the whole snapshot is restored", async () => {
    const requests = [...attributesBelow("", 20), ...attribute("/20", "k", "unlisted")];
    const { set, answers } = await run("/", 20, requests, { maxHeldBytes: 5000 });
    expect(Object.keys(set)).toHaveLength(20);
    expect(answers).toEqual(Array.from({ length: 21 }, (_, i) => `/${i}`));
    expect(notices()).toEqual([expect.stringContaining('lists them (1); the first is the attribute "k" of "/20"')]);
  });

  it("are dropped with a notice beyond the limit, and none is set on a guess", async () => {
    const { set, answers } = await run("big", 20, attributesBelow("/srv/big", 20), { maxHeldBytes: 5000 });
    expect(set).toEqual({});
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `/srv/big/${i}`));
    expect(notices()).toEqual([
      "exporter: extended attributes were not restored, because there are too many to find out which entries they " +
        'belong to; the first is the attribute "k" of "/srv/big/0"\n',
    ]);
  });

  it("are dropped with a notice if more are listed than can be remembered", async () => {
    const requests = attributesBelow("/srv/listed", 20);
    const { set, answers } = await run("listed", 20, requests, { listed: new ListedAttributes(19) });
    expect(set).toEqual({});
    expect(answers).toHaveLength(20);
    expect(notices()).toEqual([expect.stringContaining("too many to find out which entries they belong to")]);
  });

  it("in more directories than can be counted still fit the right prefix", () => {
    const listed = new ListedAttributes();
    listed.add("/f", ["k"]);
    listed.add("/g", ["k"]);
    const search = new PrefixSearch(listed, { type: "unknown" }, 10);
    for (let i = 0; i < 100; i++) search.add({ pathname: `/d/${i}/x`, name: "k" });
    for (const pathname of ["/d/7/f", "/s/f", "/s/g", "/d/8/g"]) search.add({ pathname, name: "k" });
    expect(search.best()).toEqual(["/s"]);
  });

  it("with a pathname beyond every file system's limit belong to no entry", () => {
    const listed = new ListedAttributes();
    listed.add("/f", ["k"]);
    const search = new PrefixSearch(listed, { type: "unknown" });
    expect(search.add({ pathname: `${"/d".repeat(10_000)}/f`, name: "k" })).toEqual([]);
  });
});
