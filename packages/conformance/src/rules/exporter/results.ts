import { create, equals, toJsonString } from "@bufbuild/protobuf";
import { connectors, exporter as v1_1 } from "@kloset/protocol/v1.1";
import type { PluginConnection } from "@kloset/host";
import { baseName, LocationFlag } from "@kloset/model";
import { requires } from "../../violation.js";
import type { ConnectorRule } from "../../rule.js";
import { answerWithin } from "../../waiting.js";

const ANSWER_MS = 20_000;
const content = new Uint8Array(100).fill(7);

const FOLDER = 0x8000_0000;
const INODE = { "/": 4n, "/file": 5n, "/folder": 6n };

/** Every field that hosts send has a distinct value, so that a lost field is noticed. */
function infoOf(pathname: keyof typeof INODE, mode: number, size: number, nlink: number) {
  return {
    name: baseName(pathname),
    size: BigInt(size),
    mode,
    modTime: { seconds: 1_582_979_696n, nanos: 789_000_000 },
    dev: 3n,
    ino: INODE[pathname],
    uid: BigInt(process.getuid?.() ?? 0),
    gid: BigInt(process.getgid?.() ?? 0),
    nlink,
    username: "user",
    groupname: "group",
  };
}

const RecordSchema = connectors.RecordSchema;

const headers = [
  create(connectors.RecordSchema, { pathname: "/", fileInfo: infoOf("/", FOLDER + 0o755, 4096, 3) }),
  create(connectors.RecordSchema, {
    hasReader: true,
    pathname: "/file",
    fileInfo: infoOf("/file", 0o640, content.length, 1),
    extendedAttributes: ["user.color"],
    fileAttributes: 32,
  }),
  create(connectors.RecordSchema, { pathname: "/folder", fileInfo: infoOf("/folder", FOLDER + 0o700, 4096, 2) }),
];

/** The directory of the snapshot that is restored, for {@link attributes}. */
const SUBTREE = "/srv/docs";

function attributeOf(pathname: string, xattrName: string, xattrType: number): connectors.Record {
  // Hosts may send a kind that the enumeration does not have.
  const kind: unknown = xattrType;
  return create(RecordSchema, {
    pathname,
    isXattr: true,
    xattrName,
    xattrType: kind as connectors.ExtendedAttributeType,
    hasReader: true,
  });
}

/** Attributes as the next Plakar sends them: with the pathnames of the snapshot, up to its end, of any kind. */
const attributes = [
  attributeOf(`${SUBTREE}/file`, "user.color", 0),
  attributeOf(`${SUBTREE}/file`, "user.custom", 2),
  attributeOf(`${SUBTREE}/file`, "user.unknown", 9),
  attributeOf(`${SUBTREE}-2/file`, "user.color", 0),
  attributeOf("/var/file", "user.color", 0),
];

/** Restores records, and returns all answers. */
async function answersOf(connection: PluginConnection, records = headers): Promise<connectors.Result[]> {
  const call = connection.call(v1_1.Exporter.method.export);
  for (const header of records) {
    await call.send({ packet: { case: "record", value: header } });
    if (!header.hasReader) continue;
    await call.send({ packet: { case: "chunk", value: content } });
    await call.send({ packet: { case: "chunk", value: new Uint8Array() } });
  }
  call.halfClose();
  const answers: connectors.Result[] = [];
  const reading = (async () => {
    for await (const { result } of call.messages()) answers.push(result ?? create(connectors.ResultSchema));
  })();
  await answerWithin(reading, ANSWER_MS, "the end of Export after the last record");
  return answers;
}

/** Rules about the answers on the stream of a v1.1 restore. */
export const results: readonly ConnectorRule<"exporter">[] = [
  {
    id: "exporter.results.one-for-each",
    connector: "exporter",
    title: "answers every record once, and ends the stream with OK",
    because: "hosts wait for every answer: a missing one hangs the restore, or hides that an entry was lost",
    generations: ["v1.1"],
    check: async (harness) => {
      const { connection } = await harness.start();
      const answered = (await answersOf(connection)).map(({ header }) => header?.pathname ?? "no header").sort();
      const expected = headers.map(({ pathname }) => pathname).sort();
      requires(
        answered.join() === expected.join(),
        () => `received answers for ${JSON.stringify(answered)}, expected ${JSON.stringify(expected)}`,
      );
    },
  },
  {
    id: "exporter.results.whole-header",
    connector: "exporter",
    title: "echoes the whole header of each record in its answer",
    because: "hosts crash without the header (SIGSEGV), and abort the restore without its file information",
    generations: ["v1.1"],
    check: async (harness) => {
      const { connection } = await harness.start();
      for (const { header } of await answersOf(connection)) {
        const sent = headers.find(({ pathname }) => pathname === header?.pathname);
        // An answer for an unknown record is the matter of another rule.
        if (header !== undefined && sent === undefined) continue;
        requires(header !== undefined && sent !== undefined, "a result has no header");
        requires(
          equals(RecordSchema, header, sent),
          () =>
            `the plugin returned the header ${toJsonString(RecordSchema, header)}, expected ${toJsonString(RecordSchema, sent)}`,
        );
      }
    },
  },
  {
    id: "exporter.attributes.outside",
    connector: "exporter",
    title: "answers extended attributes of other entries, and of unknown kinds, with success",
    because: "the next Plakar sends those of the whole snapshot with its pathnames: an error would be shown for each",
    generations: ["v1.1"],
    hosts: ["kloset-1.1.4"],
    check: async (harness) => {
      const { client, connection } = await harness.start({ like: "kloset-1.1.4" });
      const { flags } = await client.identity();
      if ((flags & LocationFlag.EXPORTXATTR) === 0)
        harness.notApplicable("the exporter does not ask for extended attributes (EXPORTXATTR)");
      for (const { header, error } of await answersOf(connection, [...headers, ...attributes])) {
        if (header?.isXattr !== true) continue;
        const what = `the attribute ${JSON.stringify(header.xattrName)} of ${JSON.stringify(header.pathname)}`;
        requires(error === "", () => `${what}, kind ${header.xattrType}: ${error}`);
      }
    },
  },
];
