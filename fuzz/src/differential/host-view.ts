import { HpackDecoder } from "@kloset/server/hpack";
import { messageLength, PREFIX_LENGTH } from "@kloset/wire/grpc";
import { flag, FRAME_HEADER_LENGTH, frameType } from "../http2.js";

/** A call as a host sees it. */
export interface CallView {
  /** `:status`, once received. */
  httpStatus: string | undefined;
  /** The bytes of each message of the answer, in order. */
  readonly messages: string[];
  /** Bytes of an incomplete message. */
  rest: string;
  /** `grpc-status` and `grpc-message`. */
  status: string | undefined;
  isEnded: boolean;
  /** True after a reset with a code other than NO_ERROR, which only follows a complete answer. */
  isReset: boolean;
}

const limits = { maxTableBytes: 4096, maxListBytes: 1024 * 1024, maxFields: 1000 };

/** Parses a plugin's output as a host does, independent of its framing. */
export class HostView {
  readonly calls = new Map<number, CallView>();
  /** The number of acknowledged PINGs and SETTINGS. */
  readonly answers = { ping: 0, settings: 0 };
  #unread = Buffer.alloc(0);
  readonly #decoder = new HpackDecoder(limits);
  #block: Buffer[] = [];
  #blockEnds = false;

  push(chunk: Uint8Array): void {
    let bytes = Buffer.concat([this.#unread, chunk]);
    while (bytes.length >= FRAME_HEADER_LENGTH) {
      const end = FRAME_HEADER_LENGTH + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      this.#onFrame(
        bytes.readUInt8(3),
        bytes.readUInt8(4),
        bytes.readUInt32BE(5),
        bytes.subarray(FRAME_HEADER_LENGTH, end),
      );
      bytes = bytes.subarray(end);
    }
    this.#unread = bytes;
  }

  #onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    const isAck = (flags & flag.ack) !== 0;
    if (type === frameType.ping && isAck) this.answers.ping += 1;
    else if (type === frameType.settings && isAck) this.answers.settings += 1;
    if (stream === 0 || type === frameType.windowUpdate) return;
    const call = this.#call(stream);
    if (type === frameType.rstStream) call.isReset ||= payload.readUInt32BE() !== 0;
    else if (type === frameType.data) onData(call, payload);
    else if (type === frameType.headers || type === frameType.continuation) this.#onBlock(call, type, flags, payload);
    else return;
    if (type === frameType.headers) this.#blockEnds = (flags & flag.endStream) !== 0;
    if (type === frameType.data && (flags & flag.endStream) !== 0) call.isEnded = true;
    if (type !== frameType.data && type !== frameType.rstStream && (flags & flag.endHeaders) !== 0 && this.#blockEnds)
      call.isEnded = true;
  }

  #onBlock(call: CallView, type: number, flags: number, payload: Buffer): void {
    if (type === frameType.headers) this.#block = [];
    this.#block.push(payload);
    if ((flags & flag.endHeaders) === 0) return;
    const block = Buffer.concat(this.#block.splice(0));
    const fields = new Map(this.#decoder.decode(block, 0, block.length).fields);
    call.httpStatus ??= fields.get(":status");
    const code = fields.get("grpc-status");
    if (code !== undefined) call.status = `${code} ${fields.get("grpc-message") ?? ""}`.trim();
  }

  #call(stream: number): CallView {
    let call = this.calls.get(stream);
    if (call === undefined) {
      call = { httpStatus: undefined, messages: [], rest: "", status: undefined, isEnded: false, isReset: false };
      this.calls.set(stream, call);
    }
    return call;
  }
}

function onData(call: CallView, payload: Buffer): void {
  if (call.httpStatus !== "200") {
    call.rest += payload.toString("latin1");
    return;
  }
  let bytes = Buffer.concat([Buffer.from(call.rest, "latin1"), payload]);
  while (bytes.length >= PREFIX_LENGTH) {
    const end = PREFIX_LENGTH + messageLength(bytes);
    if (bytes.length < end) break;
    call.messages.push(bytes.toString("latin1", PREFIX_LENGTH, end));
    bytes = bytes.subarray(end);
  }
  call.rest = bytes.toString("latin1");
}
