import { flag, FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import { bodyOf, hasUnknownInEntry } from "./bodies.js";
import { sameResults } from "./export-results.js";
import { isUnendedBlock, settingsIn, streamOf } from "./frames.js";
import type { CallView } from "./host-view.js";
import { pathOf } from "./requests.js";
import { LARGE_WINDOW, type HostScript } from "./script.js";
import { hasEmptyUpdate, overflowsStream } from "./windows.js";

/** One thing in which the servers differ. */
export type Pair =
  | {
      readonly what: "end";
      readonly script: HostScript;
      readonly connect: string | undefined;
      readonly framed: string | undefined;
      readonly text: string;
    }
  | {
      readonly what: "call";
      readonly script: HostScript;
      readonly stream: number;
      readonly connect: CallView | undefined;
      readonly framed: CallView | undefined;
      readonly text: string;
    }
  | { readonly what: "answers"; readonly script: HostScript; readonly text: string };

/** A difference that is meant to be. */
interface Deliberate {
  readonly name: string;
  /** Why the framed server does otherwise. */
  readonly why: string;
  readonly explains: (pair: Pair) => boolean;
  /** Whether calls that are under way with it, or come later, can differ by it: an Init that only one server has seen. */
  readonly hasConsequences?: boolean;
}

/** The connection is ended by one server with this error, and goes on with the other. */
function ends(which: "connect" | "framed", error: RegExp): Deliberate["explains"] {
  return (pair) =>
    pair.what === "end" &&
    error.test(pair[which] ?? "") &&
    pair[which === "framed" ? "connect" : "framed"] === undefined;
}

/** A call that ends with this status on the framed server. */
function status(text: RegExp): Deliberate["explains"] {
  return (pair) => pair.what === "call" && text.test(pair.framed?.status ?? "");
}

/** Whether the host's last frame is not whole. */
function isCut({ script }: Pair): boolean {
  const last = script.frames.at(-1) ?? Buffer.alloc(0);
  return (
    script.frames.length > 1 &&
    (last.length < FRAME_HEADER_LENGTH ||
      last.length < FRAME_HEADER_LENGTH + last.readUIntBE(0, 3) ||
      isUnendedBlock(last))
  );
}

/** Whether Connect's server does not hand it to nghttp2. */
function isTakenOut(one: Buffer | undefined): boolean {
  const type = one?.[3] ?? 0;
  return (
    type === frameType.goaway ||
    type === frameType.rstStream ||
    type === frameType.priority ||
    type > frameType.continuation
  );
}

/** A PRIORITY of another length than 5 bytes, or of a stream that depends on itself. */
function isBadPriority(one: Buffer): boolean {
  if (one[3] !== frameType.priority || one.length < FRAME_HEADER_LENGTH) return false;
  return (
    one.length !== FRAME_HEADER_LENGTH + 5 || (one.readUInt32BE(FRAME_HEADER_LENGTH) & 0x7fff_ffff) === streamOf(one)
  );
}

function hasExtendedSetting(one: Buffer): boolean {
  return settingsIn(one).some(([id]) => id >= 8);
}

function hasSettingTwice(one: Buffer): boolean {
  const ids = settingsIn(one).map(([id]) => id);
  return new Set(ids).size < ids.length;
}

/** Whether a message of a request has begun, and its rest may still come. */
function waitsForRest({ frames }: HostScript, stream: number): boolean {
  const { breaksOff, isEnded } = bodyOf(frames, stream);
  return breaksOff && !isEnded;
}

/** Whether a request has another length than its `content-length`. */
function hasWrongLength({ frames, requests }: HostScript, stream: number): boolean {
  const announced = requests.get(stream)?.find(([name]) => name === "content-length")?.[1];
  return announced !== undefined && Number(announced) !== bodyOf(frames, stream).length;
}

/** The only map that hosts send: `config` of each connector's InitRequest. */
function hasUnknownInConfig({ frames, requests }: HostScript, stream: number): boolean {
  const path = pathOf(requests, stream) ?? "";
  if (!path.endsWith("/Init")) return false;
  const config = path.startsWith("/store.") ? 2 : 3;
  return bodyOf(frames, stream).messages.some((message) => hasUnknownInEntry(message, config));
}

type ExportPair = Pair & { readonly what: "call"; readonly connect: CallView; readonly framed: CallView };

function isExport(pair: Pair): pair is ExportPair {
  return (
    pair.what === "call" &&
    pair.connect !== undefined &&
    pair.framed !== undefined &&
    pathOf(pair.script.requests, pair.stream) === "/plakar.exporter.Exporter/Export"
  );
}

function sorted({ httpStatus, messages, rest, status, isEnded }: CallView): string {
  return JSON.stringify({ httpStatus, messages: [...messages].sort(), rest, status, isEnded });
}

/** RFC 9113, section 8.2.1, and what nghttp2 holds values to besides. */
// eslint-disable-next-line no-control-regex
const badName = /^$|[\x00-\x20A-Z\x7f-\xff:]/;
// eslint-disable-next-line no-control-regex
const badValue = /[\x00\n\r]|^[ \t]|[ \t]$/;

/** Whether the headers of a call have a regular field that is malformed. */
function hasBadField(script: HostScript, stream: number): boolean {
  const fields = script.requests.get(stream) ?? [];
  return fields.some(([name, value]) => !name.startsWith(":") && (badName.test(name) || badValue.test(value)));
}

/** All of them, in the order in which they are looked AT. */
export const deliberate: readonly Deliberate[] = [
  {
    name: "HEADERS on a closed stream end the connection",
    why: "RFC 9113, section 5.1: STREAM_CLOSED, a connection error. nghttp2 drops them.",
    explains: ends("framed", /HEADERS on a stream that is closed/),
  },
  {
    name: "frames behind the end of a request reset its stream",
    why: "RFC 9113, section 5.1, half-closed (remote): a stream error. nghttp2 makes it the connection's.",
    explains: ends("connect", /STREAM_CLOSED/),
  },
  {
    name: "DATA on a closed stream is answered with STREAM_CLOSED",
    why: "RFC 9113, section 5.1. nghttp2 drops it.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.connect === undefined &&
      pair.framed?.isReset === true &&
      pair.framed.httpStatus === undefined,
  },
  {
    name: "a GOAWAY or PRIORITY that is malformed, or comes before SETTINGS, ends the connection",
    why: "RFC 9113, sections 3.4, 4.2, 6.3 and 6.8. Connect's server takes these frames out and does not look into them: nghttp2 makes more of them than they mean.",
    explains: (pair) =>
      ends("framed", /GOAWAY|PRIORITY|depends on itself/)(pair) ||
      (ends("framed", /first frame is not SETTINGS/)(pair) && isTakenOut(pair.script.frames[1])),
  },
  {
    name: "a PRIORITY that is malformed resets its stream",
    why: "RFC 9113, section 6.3, and RFC 7540, section 5.3.1. Connect's server takes it out, as above.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.framed?.isReset === true &&
      pair.script.frames.some((one) => isBadPriority(one) && streamOf(one) === pair.stream),
    hasConsequences: true,
  },
  {
    name: "a regular field with a malformed name or value makes its request malformed",
    why: "RFC 9113, section 8.2.1. nghttp2 leaves such a field out and goes on, as long as its name is in lower case.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.framed?.isReset === true &&
      pair.framed.httpStatus === undefined &&
      hasBadField(pair.script, pair.stream),
    hasConsequences: true,
  },
  {
    name: "a WINDOW_UPDATE of 0, or one that overflows a stream's window, resets the stream",
    why: "RFC 9113, sections 6.9 and 6.9.1: a stream error. Node makes it the connection's.",
    explains: (pair) =>
      (ends("connect", /Protocol error/)(pair) && hasEmptyUpdate(pair.script.frames)) ||
      (ends("connect", /Flow control error|Protocol error/)(pair) && overflowsStream(pair.script.frames, LARGE_WINDOW)),
  },
  {
    name: "padding as long as its frame ends the connection, whatever its stream is",
    why: "RFC 9113, section 6.1. nghttp2 does not look into frames of streams that are closed.",
    explains: ends("framed", /padding as long as its frame/),
  },
  {
    name: "a message's prefix is judged as soon as it is there",
    why: "What follows it is not needed. Connect looks at it when the message is whole: it waits for that, or finds first that the request ends within it.",
    explains: (pair) =>
      status(/received compressed envelope|is larger than configured/)(pair) &&
      pair.what === "call" &&
      (pair.connect === undefined
        ? waitsForRest(pair.script, pair.stream)
        : /ended in the middle of a message/.test(pair.connect.status ?? "")),
  },
  {
    name: "a first call decides the generation also when the host resets it at once",
    why: "It is looked at when its headers come. Connect's server hears of a call and of its reset at once, and goes by the next one. A host has one generation.",
    explains: (pair) =>
      pair.what === "call" &&
      /^12 unknown (?:service|method)/.test(pair.framed?.status ?? "") &&
      pair.script.resets.has([...pair.script.requests.keys()][0] ?? 0),
  },
  {
    name: "what is no gRPC is answered before its content is counted",
    why: "RFC 9113, section 8.1.1: a response may come before the stream of a malformed request is reset. Connect's server answers when it has come to the end of what was read, and nghttp2 has counted by then.",
    explains: (pair) =>
      pair.what === "call" &&
      (pair.framed?.httpStatus === "405" || pair.framed?.httpStatus === "415") &&
      pair.connect?.isReset === true &&
      hasWrongLength(pair.script, pair.stream),
  },
  {
    name: "a frame is judged when it is whole",
    why: "nghttp2 looks at what there is of it, and decodes header blocks as they come. It makes no difference to a host that sends the rest.",
    explains: (pair) =>
      isCut(pair) &&
      (pair.what === "end" || (pair.what === "call" && pair.framed === undefined && pair.connect?.isReset === true)),
  },
  {
    name: "an answer to a PING that was not sent is ignored",
    why: "RFC 9113, section 6.7, does not forbid it. Node's HTTP/2 takes it for a protocol error.",
    explains: (pair) =>
      ends("connect", /Protocol error/)(pair) &&
      pair.script.frames.some((one) => one[3] === frameType.ping && ((one[4] ?? 0) & flag.ack) !== 0),
  },
  {
    name: "SETTINGS of extensions are ignored",
    why: "RFC 9113, section 6.5.2: what is not known is ignored. nghttp2 knows 8 and 9 (RFC 8441 and RFC 9218) and checks them.",
    explains: (pair) => ends("connect", /Protocol error/)(pair) && pair.script.frames.some(hasExtendedSetting),
  },
  {
    name: "each entry of SETTINGS has to be one, also where a later one takes its place",
    why: "RFC 9113, section 6.5.3: they are processed in their order. nghttp2 looks at the last of each kind.",
    explains: (pair) =>
      ends("framed", /MAX_FRAME_SIZE|ENABLE_PUSH|INITIAL_WINDOW_SIZE/)(pair) &&
      pair.script.frames.some(hasSettingTwice),
  },
  {
    name: "Results of an Export come in another order",
    why: "Its entries are finished side by side; hosts take them in any order.",
    explains: (pair) => isExport(pair) && sorted(pair.connect) === sorted(pair.framed),
  },
  {
    name: "Results of an Export come without the unknown fields of their records",
    why: "Generated code forgets what it does not know, as gen/README.md tells; protobuf-es sends it back. No record of a host has any.",
    explains: (pair) =>
      isExport(pair) &&
      pair.connect.status === pair.framed.status &&
      sameResults(pair.connect.messages, pair.framed.messages),
  },
  {
    name: "authors are thrown the text that hosts are told",
    why: "Connect's server puts a better text into the answer alone: what breaks off an author's data says only \"parse binary\".",
    explains: (pair) =>
      isExport(pair) &&
      pair.connect.status === pair.framed.status &&
      pair.connect.messages.some((message) => message.includes("parse binary: ")),
  },
  {
    name: "a message is read by generated code",
    why: "It refuses what protobuf-es reads on, as gen/README.md tells: fields of another wire type, and what goes beyond the end of its parent. Where both refuse, it names the field.",
    explains: status(/the request is no /),
    hasConsequences: true,
  },
  {
    name: "an unknown field in an entry of a map is skipped",
    why: "As everywhere else. protobuf-es misreads the rest of the entry then, as gen/README.md tells.",
    explains: (pair) => pair.what === "call" && hasUnknownInConfig(pair.script, pair.stream),
    hasConsequences: true,
  },
  {
    name: "unknown flags of a message are refused",
    why: "gRPC knows 0 and 1 (grpc-go: unexpected payload format). Connect looks at the lowest bit alone.",
    explains: status(/received envelope with flags/),
    hasConsequences: true,
  },
  {
    name: "a message too many is refused at the end of its request",
    why: "A call with one request begins when that is whole. Connect looks for a second one as it comes, and never begins, either.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.framed === undefined &&
      /received extra input message/.test(pair.connect?.status ?? ""),
  },
];
