import { afterEach, beforeEach } from "@jest/globals";
import { makeScratch, type Scratch } from "../../fs/testing.js";
import { SmallDisk } from "./small-disk.js";

/** The folder of one test, and the small disk in it. */
export interface SmallDisks {
  readonly scratch: Scratch;
  /** @param options - As for `mount -t tmpfs -o`. One for each test. */
  make(options: string): Promise<SmallDisk>;
}

/** Gives each test of a group a folder, and a small disk if it makes one; both go with the test. */
export function smallDisksOfEach(): SmallDisks {
  let scratch: Scratch | undefined;
  let disk: SmallDisk | undefined;
  const here = (): Scratch => {
    if (scratch === undefined) throw new Error("a scratch folder is there while a test runs");
    return scratch;
  };
  beforeEach(async () => {
    scratch = await makeScratch();
  });
  afterEach(async () => {
    await disk?.end();
    disk = undefined;
    scratch?.remove();
    scratch = undefined;
  });
  return {
    get scratch() {
      return here();
    },
    make: async (options) => (disk = await SmallDisk.make(here(), options)),
  };
}
