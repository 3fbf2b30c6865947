import { MAX_BEGUN_AT_ONCE } from "../limits.js";
import { Waiters, type Waiter } from "./waiters.js";

/**
 * Lets calls begin in order of arrival: a bounded number in each turn of the event
 * loop, and none while there is no room for their answers.
 */
export class Admission {
  readonly #hasRoom: () => boolean;
  readonly #waiting = new Waiters();
  #begunInTurn = 0;
  #isScheduled = false;
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#begunInTurn = 0;
    while (this.#mayBegin && this.#admitNext());
  };

  /** @param hasRoom - Returns whether there is room for more answers. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Waits until another call may begin. @returns undefined when it may begin at once. */
  begin(): Waiter | undefined {
    if (this.#waiting.isEmpty && this.#mayBegin) {
      this.#count();
      return undefined;
    }
    return this.#waiting.add();
  }

  /**
   * Lets one call begin after the host has read something, even if output is still queued:
   * calls with endless answers would otherwise keep out all others. Further calls wait for
   * the next turn, which shows whether there is room.
   */
  onRoom(): void {
    this.#admitNext();
  }

  /** Wakes all calls: the connection has ended. */
  close(): void {
    this.#waiting.wakeAll();
  }

  get #mayBegin(): boolean {
    return this.#begunInTurn < MAX_BEGUN_AT_ONCE && this.#hasRoom();
  }

  /** @returns whether a call was waiting. */
  #admitNext(): boolean {
    const hasAdmitted = this.#waiting.wakeFirst();
    if (hasAdmitted) this.#count();
    return hasAdmitted;
  }

  #count(): void {
    this.#begunInTurn += 1;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }
}
