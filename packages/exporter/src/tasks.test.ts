import { describe, expect, it } from "@jest/globals";
import { Tasks } from "./tasks.js";
import { deferred, settled, type Deferred } from "@kloset/test-support";

/** Starts tasks that the test ends, and records which have started. */
class Run {
  readonly started: number[] = [];
  readonly gates: Deferred<void>[] = [];
  constructor(readonly tasks: Tasks) {}

  start(bytes?: number): Promise<void> {
    const gate = deferred();
    const index = this.gates.push(gate) - 1;
    const started = this.tasks.start(async () => {
      this.started.push(index);
      await gate.promise;
    }, bytes);
    return started ?? Promise.resolve();
  }
}

describe("Tasks", () => {
  it("runs at most the permitted number of tasks", async () => {
    const run = new Run(new Tasks({ tasks: 2, bytes: Infinity }));
    await run.start();
    await run.start();
    const third = run.start();
    await settled();
    expect(run.started).toEqual([0, 1]);
    run.gates[1]?.resolve();
    await third;
    expect(run.started).toEqual([0, 1, 2]);
  });

  it("starts a task at once if the limits allow", async () => {
    const run = new Run(new Tasks({ tasks: 1, bytes: 0 }));
    const starting = run.start(5);
    expect(run.started).toEqual([0]);
    await starting;
  });

  it("limits the bytes held, but lets a single task exceed the limit", async () => {
    const run = new Run(new Tasks({ tasks: 9, bytes: 100 }));
    await run.start(60);
    await run.start(40);
    const third = run.start(1);
    await settled();
    expect(run.started).toEqual([0, 1]);
    run.gates[0]?.resolve();
    await third;
    const large = run.start(1000);
    await settled();
    expect(run.started).toEqual([0, 1, 2]);
    run.gates[1]?.resolve();
    run.gates[2]?.resolve();
    await large;
    expect(run.started).toEqual([0, 1, 2, 3]);
  });

  it("runs a task to its end", async () => {
    const tasks = new Tasks({ tasks: 1, bytes: 0 });
    const run = new Run(tasks);
    await run.start();
    const gate = deferred();
    let state = "waiting";
    const running = tasks
      .run(async () => {
        state = "running";
        await gate.promise;
      })
      .then(() => (state = "ended"));
    await settled();
    expect(state).toBe("waiting");
    run.gates[0]?.resolve();
    await settled();
    expect(state).toBe("running");
    gate.resolve();
    expect(await running).toBe("ended");
  });

  it("waits until no task is running", async () => {
    const run = new Run(new Tasks({ tasks: 2, bytes: 0 }));
    await run.tasks.idle();
    await run.start();
    await run.start();
    let idle = false;
    const waiting = run.tasks.idle().then(() => (idle = true));
    run.gates[0]?.resolve();
    await settled();
    expect(idle).toBe(false);
    run.gates[1]?.resolve();
    await waiting;
  });
});
