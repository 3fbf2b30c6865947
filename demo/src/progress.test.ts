import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { progressOn } from "./progress.js";

function streamOf(isTTY: boolean): { stream: PassThrough & { isTTY: boolean }; text: () => string } {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const text = (): string => {
    const chunks: Buffer[] = [];
    // Since Node 26, read() returns one of the buffered chunks, not all.
    for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null)
      chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  return { stream, text };
}

describe("on a terminal", () => {
  it("draws a bar, and shows the cursor again at the end", () => {
    const { stream, text } = streamOf(true);
    const step = progressOn(stream)("v1.0 compare", 4_000);
    step.advance(1_000);
    step.advance(4_000);
    step.end();
    const drawn = text();
    expect(drawn).toContain("v1.0 compare");
    expect(drawn).toContain("0/4000");
    expect(drawn).toContain("] 4000/4000");
    expect(drawn).toContain("====");
    expect(drawn.lastIndexOf("\u001b[?25h")).toBeGreaterThan(drawn.lastIndexOf("\u001b[?25l"));
    expect(drawn.endsWith("\n")).toBe(true);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  it("keeps the bar in place when a step fails, and limits it to the total", () => {
    const { stream, text } = streamOf(true);
    const failing = progressOn(stream)("step", 10);
    failing.advance(3);
    failing.end();
    expect(text()).toContain("] 3/10");
    const overdone = progressOn(stream)("step", 10);
    overdone.advance(11);
    overdone.end();
    expect(text()).toContain("] 10/10");
  });

  it("prints one line if the total is unknown", () => {
    const { stream, text } = streamOf(true);
    progressOn(stream)("count", 0).end();
    expect(text()).toBe("count …\n");
  });
});

describe("elsewhere", () => {
  it("prints a line at the start and, in a long step, some in between", () => {
    const { stream, text } = streamOf(false);
    const step = progressOn(stream)("v1.1 compare", 4_000);
    for (let done = 1; done <= 4_000; done++) step.advance(done);
    step.end();
    expect(text()).toBe(
      "v1.1 compare: 4,000 entries …\nv1.1 compare: 1,000 of 4,000\nv1.1 compare: 2,000 of 4,000\nv1.1 compare: 3,000 of 4,000\n",
    );
  });

  it("prints each part at most once, even if several are done together", () => {
    const { stream, text } = streamOf(false);
    const step = progressOn(stream)("step", 2_000);
    for (const done of [499, 1_300, 1_301, 1_499, 1_500]) step.advance(done);
    expect(text()).toBe("step: 2,000 entries …\nstep: 1,300 of 2,000\nstep: 1,500 of 2,000\n");
  });

  it("prints one line for a short step", () => {
    const { stream, text } = streamOf(false);
    const step = progressOn(stream)("step", 500);
    for (let done = 1; done <= 500; done++) step.advance(done);
    step.end();
    expect(text()).toBe("step: 500 entries …\n");
  });
});
