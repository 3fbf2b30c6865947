import { flag, FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import { bodyOf, hasUnknownInEntry } from "./bodies.js";
import { sameResults } from "./export-results.js";
import { isUnendedBlock, settingsIn, streamOf } from "./frames.js";
import type { CallView } from "./host-view.js";
import { pathOf } from "./requests.js";
import { LARGE_WINDOW, type HostScript } from "./script.js";
import { hasEmptyUpdate, overflowsStream } from "./windows.js";

/** One difference between the servers. */
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

/** An intended difference. */
interface Deliberate {
  readonly name: string;
  /** The reason that the framed server differs. */
  readonly why: string;
  readonly explains: (pair: Pair) => boolean;
  /** True if concurrent and later calls can differ as a result, as after an Init that only one server accepted. */
  readonly hasConsequences?: boolean;
}

/** Matches a connection that one server ends with this error while it continues on the other. */
function ends(which: "connect" | "framed", error: RegExp): Deliberate["explains"] {
  return (pair) =>
    pair.what === "end" &&
    error.test(pair[which] ?? "") &&
    pair[which === "framed" ? "connect" : "framed"] === undefined;
}

/** Matches a call that ends with this status on the framed server. */
function status(text: RegExp): Deliberate["explains"] {
  return (pair) => pair.what === "call" && text.test(pair.framed?.status ?? "");
}

/** Returns true if the host's last frame is incomplete. */
function isCut({ script }: Pair): boolean {
  const last = script.frames.at(-1) ?? Buffer.alloc(0);
  return (
    script.frames.length > 1 &&
    (last.length < FRAME_HEADER_LENGTH ||
      last.length < FRAME_HEADER_LENGTH + last.readUIntBE(0, 3) ||
      isUnendedBlock(last))
  );
}

/** Returns true if Connect's server does not pass the frame to nghttp2. */
function isTakenOut(one: Buffer | undefined): boolean {
  const type = one?.[3] ?? 0;
  return (
    type === frameType.goaway ||
    type === frameType.rstStream ||
    type === frameType.priority ||
    type > frameType.continuation
  );
}

/** Returns true for a PRIORITY that is not 5 bytes long, or whose stream depends on itself. */
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

/** Returns true if a message of the request is incomplete and the rest may still arrive. */
function waitsForRest({ frames }: HostScript, stream: number): boolean {
  const { breaksOff, isEnded } = bodyOf(frames, stream);
  return breaksOff && !isEnded;
}

/** Returns true if the length of a request differs from its `content-length`. */
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

/** RFC 9113, section 8.2.1, and the additional rules of nghttp2 for values. */
// eslint-disable-next-line no-control-regex
const badName = /^$|[\x00-\x20A-Z\x7f-\xff:]/;
// eslint-disable-next-line no-control-regex
const badValue = /[\x00\n\r]|^[ \t]|[ \t]$/;

/** Returns true if the headers of a call have a malformed regular field. */
function hasBadField(script: HostScript, stream: number): boolean {
  const fields = script.requests.get(stream) ?? [];
  return fields.some(([name, value]) => !name.startsWith(":") && (badName.test(name) || badValue.test(value)));
}

/** All deliberate differences, in the order in which they are tried. */
export const deliberate: readonly Deliberate[] = [
  {
    name: "HEADERS on a closed stream end the connection",
    why: "RFC 9113, section 5.1: STREAM_CLOSED, a connection error. nghttp2 drops them.",
    explains: ends("framed", /HEADERS on a stream that is closed/),
  },
  {
    name: "frames after the end of a request reset its stream",
    why: "RFC 9113, section 5.1, half-closed (remote): a stream error. nghttp2 treats it as a connection error.",
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
    name: "a GOAWAY or PRIORITY that is malformed or precedes SETTINGS ends the connection",
    why: "RFC 9113, sections 3.4, 4.2, 6.3 and 6.8. Connect's server removes these frames without parsing them, because nghttp2 overreacts to them.",
    explains: (pair) =>
      ends("framed", /GOAWAY|PRIORITY|depends on itself/)(pair) ||
      (ends("framed", /first frame is not SETTINGS/)(pair) && isTakenOut(pair.script.frames[1])),
  },
  {
    name: "a malformed PRIORITY resets its stream",
    why: "RFC 9113, section 6.3, and RFC 7540, section 5.3.1. Connect's server removes it, as above.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.framed?.isReset === true &&
      pair.script.frames.some((one) => isBadPriority(one) && streamOf(one) === pair.stream),
    hasConsequences: true,
  },
  {
    name: "a regular field with a malformed name or value makes its request malformed",
    why: "RFC 9113, section 8.2.1. nghttp2 drops such a field and continues if its name is in lower case.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.framed?.isReset === true &&
      pair.framed.httpStatus === undefined &&
      hasBadField(pair.script, pair.stream),
    hasConsequences: true,
  },
  {
    name: "a WINDOW_UPDATE of 0 or one that overflows a stream's window resets the stream",
    why: "RFC 9113, sections 6.9 and 6.9.1: a stream error. Node treats it as a connection error.",
    explains: (pair) =>
      (ends("connect", /Protocol error/)(pair) && hasEmptyUpdate(pair.script.frames)) ||
      (ends("connect", /Flow control error|Protocol error/)(pair) && overflowsStream(pair.script.frames, LARGE_WINDOW)),
  },
  {
    name: "padding as long as its frame ends the connection, on any stream",
    why: "RFC 9113, section 6.1. nghttp2 does not parse frames of closed streams.",
    explains: ends("framed", /padding as long as its frame/),
  },
  {
    name: "the prefix of a message is checked as soon as it arrives",
    why: "The rest of the message is not needed. Connect checks the prefix of a complete message, so it waits for the rest, or reports first that the request ends within the message.",
    explains: (pair) =>
      status(/received compressed envelope|is larger than configured/)(pair) &&
      pair.what === "call" &&
      (pair.connect === undefined
        ? waitsForRest(pair.script, pair.stream)
        : /ended in the middle of a message/.test(pair.connect.status ?? "")),
  },
  {
    name: "the first call decides the generation even if the host resets it at once",
    why: "The headers decide. Connect's server sees the call and its reset together and uses the next call instead. A host has only one generation.",
    explains: (pair) =>
      pair.what === "call" &&
      /^12 unknown (?:service|method)/.test(pair.framed?.status ?? "") &&
      pair.script.resets.has([...pair.script.requests.keys()][0] ?? 0),
  },
  {
    name: "a request that is not gRPC is answered before its content is counted",
    why: "RFC 9113, section 8.1.1: a response may come before the stream of a malformed request is reset. Connect's server answers after all available input, which nghttp2 has counted by then.",
    explains: (pair) =>
      pair.what === "call" &&
      (pair.framed?.httpStatus === "405" || pair.framed?.httpStatus === "415") &&
      pair.connect?.isReset === true &&
      hasWrongLength(pair.script, pair.stream),
  },
  {
    name: "a frame is checked when it is complete",
    why: "nghttp2 checks partial frames and decodes header blocks as they arrive. Hosts that send the rest see no difference.",
    explains: (pair) =>
      isCut(pair) &&
      (pair.what === "end" || (pair.what === "call" && pair.framed === undefined && pair.connect?.isReset === true)),
  },
  {
    name: "an unsolicited PING acknowledgement is ignored",
    why: "RFC 9113, section 6.7, does not forbid it. Node's HTTP/2 treats it as a protocol error.",
    explains: (pair) =>
      ends("connect", /Protocol error/)(pair) &&
      pair.script.frames.some((one) => one[3] === frameType.ping && ((one[4] ?? 0) & flag.ack) !== 0),
  },
  {
    name: "SETTINGS of extensions are ignored",
    why: "RFC 9113, section 6.5.2: unknown settings are ignored. nghttp2 knows 8 and 9 (RFC 8441 and RFC 9218) and checks them.",
    explains: (pair) => ends("connect", /Protocol error/)(pair) && pair.script.frames.some(hasExtendedSetting),
  },
  {
    name: "each entry of SETTINGS must be valid, even if a later one replaces it",
    why: "RFC 9113, section 6.5.3: they are processed in order. nghttp2 checks only the last of each kind.",
    explains: (pair) =>
      ends("framed", /MAX_FRAME_SIZE|ENABLE_PUSH|INITIAL_WINDOW_SIZE/)(pair) &&
      pair.script.frames.some(hasSettingTwice),
  },
  {
    name: "Results of an Export come in another order",
    why: "Entries are restored concurrently; hosts accept Results in any order.",
    explains: (pair) => isExport(pair) && sorted(pair.connect) === sorted(pair.framed),
  },
  {
    name: "Results of an Export come without the unknown fields of their records",
    why: "Generated code drops unknown fields (see gen/README.md); protobuf-es sends them back. No host sends any.",
    explains: (pair) =>
      isExport(pair) &&
      pair.connect.status === pair.framed.status &&
      sameResults(pair.connect.messages, pair.framed.messages),
  },
  {
    name: "authors receive the same error text as hosts",
    why: "Connect's server improves only the text in the answer: the author's data ends with a bare \"parse binary\".",
    explains: (pair) =>
      isExport(pair) &&
      pair.connect.status === pair.framed.status &&
      pair.connect.messages.some((message) => message.includes("parse binary: ")),
  },
  {
    name: "a message is read by generated code",
    why: "It rejects two things that protobuf-es accepts (see gen/README.md): fields of another wire type, and fields that extend beyond their parent. Where both reject, its error names the field.",
    explains: status(/the request is not a valid /),
    hasConsequences: true,
  },
  {
    name: "an unknown field in an entry of a map is skipped",
    why: "As everywhere else. protobuf-es misreads the rest of the entry (see gen/README.md).",
    explains: (pair) => pair.what === "call" && hasUnknownInConfig(pair.script, pair.stream),
    hasConsequences: true,
  },
  {
    name: "unknown flags of a message are rejected",
    why: "gRPC knows 0 and 1 (grpc-go: unexpected payload format). Connect checks only the lowest bit.",
    explains: status(/received envelope with flags/),
    hasConsequences: true,
  },
  {
    name: "an extra message is rejected at the end of the request",
    why: "A unary call begins when the request is complete. Connect rejects the second message on arrival; neither server begins the call.",
    explains: (pair) =>
      pair.what === "call" &&
      pair.framed === undefined &&
      /received extra input message/.test(pair.connect?.status ?? ""),
  },
];
