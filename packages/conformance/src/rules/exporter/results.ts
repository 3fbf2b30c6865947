import { create, equals, toJsonString } from "@bufbuild/protobuf";
import { connectors, exporter as v1_1 } from "@kloset/protocol/v1.1";
import type { PluginConnection } from "@kloset/host";
import { baseName } from "@kloset/model";
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
const RecordSchema = connectors.RecordSchema;

/** Restores the records above, and returns all answers. */
async function answersOf(connection: PluginConnection): Promise<connectors.Result[]> {
  const call = connection.call(v1_1.Exporter.method.export);
  for (const header of headers) {
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
];
