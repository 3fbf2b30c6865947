import { maxBegunAtOnce } from "./limits.js";

/**
 * Lets calls begin, in the order in which they came: not too many in one turn of the
 * event loop, and none while there is no room for what they would answer.
 */
export class Admission {
  readonly #hasRoom: () => boolean;
  readonly #waiting: (() => void)[] = [];
  #begunInTurn = 0;
  #isScheduled = false;
  readonly #onTurn = (): void => {
    this.#isScheduled = false;
    this.#begunInTurn = 0;
    while (this.#waiting.length > 0 && this.#mayBegin) this.#admitNext();
  };

  /** @param hasRoom - Whether more answers may be made. */
  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /** Waits until a further call may begin. @returns undefined when it may at once. */
  begin(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && this.#mayBegin) {
      this.#count();
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * The host has read something. One call may begin, whatever else waits: calls that
   * answer without end would keep out all others. More of them only in the next turn,
   * when it is seen whether there is room.
   */
  onRoom(): void {
    if (this.#waiting.length > 0) this.#admitNext();
  }

  /** The connection has ended: nobody waits any more. */
  close(): void {
    for (const admit of this.#waiting.splice(0)) admit();
  }

  get #mayBegin(): boolean {
    return this.#begunInTurn < maxBegunAtOnce && this.#hasRoom();
  }

  #admitNext(): void {
    const admit = this.#waiting.shift();
    if (admit === undefined) return;
    this.#count();
    admit();
  }

  #count(): void {
    this.#begunInTurn += 1;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurn);
  }
}
