import { afterEach, beforeEach } from "@jest/globals";
import { makeScratch, type Scratch } from "../../fs/testing.js";
import { SmallDisk } from "./small-disk.js";

/** The folder of a test, and the small disk in it. */
export interface SmallDisks {
  readonly scratch: Scratch;
  /**
   * Makes the small disk. At most one per test.
   *
   * @param options - Options of `mount -t tmpfs -o`.
   * @param type - Another file system in memory: "ramfs" has no extended attributes.
   */
  make(options: string, type?: "tmpfs" | "ramfs"): Promise<SmallDisk>;
}

/** Gives each test of a group a folder and, on demand, a small disk. Removes both after the test. */
export function smallDisksOfEach(): SmallDisks {
  let scratch: Scratch | undefined;
  let disk: SmallDisk | undefined;
  const here = (): Scratch => {
    if (scratch === undefined) throw new Error("the scratch folder exists only while a test runs");
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
    make: async (options, type) => (disk = await SmallDisk.make(here(), options, type)),
  };
}
