import { performServerHandshake } from "node:http2";
import type { Duplex } from "node:stream";
import type { Serve } from "@kloset/wire/grpc";
import { frame, frameType } from "../http2.js";
import { sdkTarget, type Target } from "../target.js";

/** Does something as soon as bytes arrive. */
function onInput(act: (duplex: Duplex) => void): Target {
  return (duplex, author, tracker) => {
    duplex.once("data", () => {
      act(duplex);
    });
    return sdkTarget()(duplex, author, tracker);
  };
}

/** Throws in a callback. */
export const throws = onInput(() => {
  setImmediate(() => {
    throw new Error("out of a callback");
  });
});

/** Rejects a promise without a handler. */
export const rejects = onInput(() => {
  void Promise.reject(new Error("not handled"));
});

/** Adds too many listeners, so that Node warns. */
export const warns = onInput((duplex) => {
  for (let i = 0; i < 20; i++) duplex.on("drain", () => undefined);
});

/** Blocks the event loop forever. */
export const blocks = onInput(() => {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- that is the fault
  while (true);
});

/** Ends the process. */
export const exits = onInput(() => {
  process.exit(3);
});

const kept: Buffer[] = [];

/** Leaks memory with every input. */
export const leaks: Target = (duplex, author, tracker) => {
  kept.push(Buffer.alloc(1024 * 1024, 1));
  return sdkTarget()(duplex, author, tracker);
};

/** Does not notice that the host has disconnected. */
export const hangs: Target = (duplex, author, tracker) => ({
  ...sdkTarget()(duplex, author, tracker),
  closed: new Promise(() => undefined),
});

/** Never reads. */
export const neverReads: Target = () => ({ closed: Promise.resolve(), finish: () => Promise.resolve() });

/** Never finishes closing its connectors. */
export const neverCloses: Target = (duplex, author, tracker) => ({
  ...sdkTarget()(duplex, author, tracker),
  finish: () => new Promise(() => undefined),
});

/** Leaves a connector open. */
export const leavesConnectorOpen: Target = (duplex, author, tracker) => {
  tracker.opened("importer");
  return sdkTarget()(duplex, author, tracker);
};

/** Closes a connector twice. */
export const closesTwice: Target = (duplex, author, tracker) => {
  const closed = tracker.opened("store");
  closed();
  closed();
  return sdkTarget()(duplex, author, tracker);
};

/** Never finishes a call of the author. */
export const leavesCallRunning: Target = (duplex, author, tracker) => {
  void tracker.call("read /srv/ds/a.txt", () => new Promise(() => undefined));
  return sdkTarget()(duplex, author, tracker);
};

/** Makes a target that sends a forbidden frame after SETTINGS. */
function sends(bytes: Uint8Array): Target {
  return (duplex, author, tracker) => {
    const running = sdkTarget()(duplex, author, tracker);
    // The server sends its first frame one turn after it received the host's.
    duplex.once("data", () => setImmediate(() => setImmediate(() => duplex.write(bytes))));
    return running;
  };
}

/** Sends GOAWAY. */
export const goesAway = sends(frame(frameType.goaway, 0, 0, Buffer.alloc(8)));
/** Sends bytes that are not a frame. */
export const prints = sends(Buffer.from("Hello, world! How are you?\n"));
/** Sends half a frame. */
export const breaksOff = sends(frame(frameType.data, 0, 1, Buffer.alloc(100)).subarray(0, 50));
/** Sends an unrequested PUSH_PROMISE. */
export const pushes = sends(frame(frameType.pushPromise, 4, 1, Buffer.alloc(4)));
/** Sends DATA on stream 0. */
export const sendsNowhere = sends(frame(frameType.data, 0, 0, Buffer.alloc(4)));
/** Sends a frame that is too large. */
export const sendsTooMuch = sends(frame(frameType.data, 0, 1, Buffer.alloc(20_000)));

/** Answers every call with these headers. */
function answers(headers: Record<string, string>): Target {
  const serve: Serve = (duplex) => {
    const session = performServerHandshake(duplex);
    session.on("error", () => undefined);
    session.on("stream", (stream) => {
      stream.on("error", () => undefined);
      stream.respond({ ":status": 200, "content-type": "application/grpc", ...headers }, { endStream: true });
    });
    const closed = new Promise<undefined>((resolve) => {
      duplex.once("close", () => {
        resolve(undefined);
      });
    });
    duplex.once("end", () => duplex.destroy());
    return { closed, close: () => duplex.destroy() };
  };
  return sdkTarget(serve);
}

/** Fails without a message. */
export const failsWithoutMessage = answers({ "grpc-status": "2" });
/** Answers without a status. */
export const omitsStatus = answers({});
/** Answers with a status that does not exist. */
export const sendsUnknownStatus = answers({ "grpc-status": "99", "grpc-message": "what?" });
