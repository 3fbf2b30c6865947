import { MAX_BEGUN_AT_ONCE } from "../limits.js";
import { Waits, type Wait } from "./waits.js";

/**
 * Lets calls begin, in the order in which they came: not too many in one turn of the
 * event loop, and none while there is no room for what they would answer.
 */
export class Admission {
  readonly #hasRoom: () => boolean;
  readonly #waiting = new Waits();
  #begunInTurn = 0;
  #isScheduled = false;
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#begunInTurn = 0;
    while (this.#mayBegin && this.#admitNext());
  };

  /** @param hasRoom - Whether more answers may be made. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Waits until a further call may begin. @returns undefined when it may at once. */
  begin(): Wait | undefined {
    if (this.#waiting.isEmpty && this.#mayBegin) {
      this.#count();
      return undefined;
    }
    return this.#waiting.add();
  }

  /**
   * The host has read something. One call may begin, whatever else waits: calls that
   * answer without end would keep out all others. More of them only in the next turn,
   * when it is seen whether there is room.
   */
  onRoom(): void {
    this.#admitNext();
  }

  /** The connection has ended: nobody waits any more. */
  close(): void {
    this.#waiting.wakeAll();
  }

  get #mayBegin(): boolean {
    return this.#begunInTurn < MAX_BEGUN_AT_ONCE && this.#hasRoom();
  }

  /** @returns whether anybody waited. */
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
