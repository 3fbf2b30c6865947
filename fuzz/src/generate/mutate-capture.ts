import type { Capture } from "../capture.js";
import { FRAME_HEADER_LENGTH, frameType } from "../http2.js";
import type { Random } from "../random.js";
import { mutateBytes, mutateMessage } from "./mutate-message.js";
import { randomFrame } from "./random-frames.js";

type Frames = Buffer[];
type Mutation = (frames: Frames, random: Random, captures: readonly Capture[]) => void;

/** Mutates a recording: its frames and their payloads. */
export function mutateCapture(
  frames: readonly Buffer[],
  random: Random,
  captures: readonly Capture[],
): { frames: Buffer[]; names: string[] } {
  // Mostly the beginning: a hundred calls find no more than ten, and take ten times as long.
  const result = frames.slice(0, random.pick([8, 12, 16, 20, random.chance(0.1) ? Infinity : 25]));
  const names: string[] = [];
  for (let left = random.pick([0, 1, 1, 2, 3, 6]); left > 0; left--) {
    const [name, mutation] = random.pick(mutations);
    names.push(name);
    mutation(result, random, captures);
  }
  return { frames: result, names };
}

const mutations: readonly [[string, Mutation], ...[string, Mutation][]] = [
  [
    "flipped",
    (frames, random) => {
      change(frames, random, any, (one) => mutateBytes(one, random));
    },
  ],
  [
    "truncated",
    (frames, random) => {
      frames.length = random.below(frames.length + 1);
    },
  ],
  [
    "cut within a frame",
    (frames, random) => {
      change(frames, random, any, (one) => one.subarray(0, random.below(one.length)));
    },
  ],
  [
    "spliced",
    (frames, random, captures) => {
      const other = random.pickOf(captures)?.frames ?? [];
      const from = random.below(other.length);
      frames.splice(random.between(1, frames.length), Infinity, ...other.slice(from, from + random.below(20)));
    },
  ],
  [
    "repeated",
    (frames, random) => {
      const from = random.below(frames.length);
      const some = frames.slice(from, from + random.between(1, 4));
      frames.splice(random.below(frames.length + 1), 0, ...some);
    },
  ],
  [
    "reordered",
    (frames, random) => {
      const [taken] = frames.splice(random.below(frames.length), 1);
      if (taken !== undefined) frames.splice(random.below(frames.length + 1), 0, taken);
    },
  ],
  [
    "left out",
    (frames, random) => {
      frames.splice(random.below(frames.length), random.between(1, 3));
    },
  ],
  [
    "added",
    (frames, random) => {
      frames.splice(random.between(1, frames.length), 0, randomFrame(random));
    },
  ],
  [
    "other length",
    (frames, random) => {
      change(frames, random, hasHeader, (one) => {
        const length = random.pick([
          0,
          one.length,
          Math.max(0, one.length - FRAME_HEADER_LENGTH + random.between(-9, 9)),
          0x4000,
          0x4001,
          0xff_ffff,
        ]);
        one.writeUIntBE(length, 0, 3);
        return one;
      });
    },
  ],
  [
    "other type",
    (frames, random) => {
      change(frames, random, hasHeader, (one) => set(one, 3, random.below(12)));
    },
  ],
  [
    "other flags",
    (frames, random) => {
      change(frames, random, hasHeader, (one) => set(one, 4, (one[4] ?? 0) ^ (1 << random.below(8))));
    },
  ],
  [
    "other stream",
    (frames, random) => {
      change(frames, random, hasHeader, (one) => {
        one.writeUInt32BE(random.chance(0.8) ? 2 * random.below(20) + 1 : random.uint32(), 5);
        return one;
      });
    },
  ],
  [
    "other HPACK",
    (frames, random) => {
      change(frames, random, ofType(frameType.headers), (one) => payload(one, (bytes) => mutateBytes(bytes, random)));
    },
  ],
  [
    "other gRPC prefix",
    (frames, random) => {
      change(frames, random, hasMessage, (one) => {
        if (random.chance(0.4)) return set(one, FRAME_HEADER_LENGTH, random.byte());
        const length = one.readUInt32BE(FRAME_HEADER_LENGTH + 1);
        one.writeUInt32BE(
          random.pick([
            0,
            Math.min(length + 1, 0xffff_ffff),
            Math.max(0, length - 1),
            4 * 1024 * 1024 + 1,
            0x7fff_ffff,
            0xffff_ffff,
          ]),
          FRAME_HEADER_LENGTH + 1,
        );
        return one;
      });
    },
  ],
  ["other message", mutateField],
  ["other message", mutateField],
];

/** Mutates a field of a message that fits in one frame, and corrects all lengths. */
function mutateField(frames: Frames, random: Random): void {
  change(frames, random, isWholeMessage, (one) =>
    payload(one, (bytes) => {
      const message = mutateMessage(bytes.subarray(5), random);
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      return Buffer.concat([prefix, message]);
    }),
  );
}

/** Changes one of the frames that qualify, if any. */
function change(
  frames: Frames,
  random: Random,
  fits: (one: Buffer, index: number) => boolean,
  to: (copy: Buffer) => Buffer,
): void {
  const at = random.pickOf([...frames.keys()].filter((index) => fits(frames[index] ?? Buffer.alloc(0), index)));
  if (at !== undefined) frames[at] = to(Buffer.from(frames[at] ?? Buffer.alloc(0)));
}

function payload(one: Buffer, to: (bytes: Buffer) => Uint8Array): Buffer {
  const bytes = to(one.subarray(FRAME_HEADER_LENGTH));
  const header = Buffer.from(one.subarray(0, FRAME_HEADER_LENGTH));
  header.writeUIntBE(Math.min(bytes.length, 0xff_ffff), 0, 3);
  return Buffer.concat([header, bytes]);
}

function set(one: Buffer, at: number, byte: number): Buffer {
  one[at] = byte;
  return one;
}

const any = (): boolean => true;
const hasHeader = (one: Buffer, index: number): boolean => index > 0 && one.length >= FRAME_HEADER_LENGTH;
const ofType =
  (type: number) =>
  (one: Buffer, index: number): boolean =>
    hasHeader(one, index) && one[3] === type;
const hasMessage = (one: Buffer, index: number): boolean =>
  ofType(frameType.data)(one, index) && one.length >= FRAME_HEADER_LENGTH + 5;

function isWholeMessage(one: Buffer, index: number): boolean {
  return hasMessage(one, index) && one.readUInt32BE(FRAME_HEADER_LENGTH + 1) === one.length - FRAME_HEADER_LENGTH - 5;
}
