import { describe, expect, it } from "@jest/globals";
import { rows, rowsNamed, shortened, tiny } from "./rows.js";

describe("the rows", () => {
  it("have the agreed targets", () => {
    expect(Object.fromEntries(rows.map(({ id, target }) => [id, target]))).toEqual({
      "records@8": 1.3,
      "import-1k@8": 4,
      "import-1k@1": 2.5,
      "import-10m@8": 1,
      "import-10m@1": 1,
      "export-1k@8": 1,
      "export-10m@8": 1,
      "put-10m@8": 1,
      "put-10m@1": 0.95,
      "get-10m@8": 1,
      "get-10m@1": 0.95,
      "put-100k@8": 1,
      "put-100k@1": 1,
      "get-100k@8": 1.2,
      "get-100k@1": 1,
      "ranges@8": 1.5,
      "ranges@1": 2,
      "merged-4m@8": 1,
      "fs@8": undefined,
      "fs@1": undefined,
      "fs-backup-small@8": 2,
      "fs-restore-small@8": 1.2,
      "fs-restore-large@8": 1,
      "fs-restore-mixed@8": undefined,
      "fs-put@8": 1,
      "fs-put@1": 1,
      "fs-get@8": 1,
      "fs-get@1": 1,
      "fs-ranges@8": 1,
      "fs-ranges@1": 1,
      "fs-wide@8": 1,
      "fs-wide@1": 1,
      "fs-list@1": undefined,
    });
  });

  it("bound the CPU time for bulk data, and the memory except for storages", () => {
    for (const { id, bulk, peakLimit, connector } of rows) {
      expect([id, bulk]).toEqual([id, id.includes("-10m@")]);
      expect([id, peakLimit]).toEqual([id, connector === "storage" ? undefined : 150_000_000]);
    }
  });
});

describe("rowsNamed", () => {
  it("finds all rows that begin with an item, in the order of the table", () => {
    expect(rowsNamed("put-10m@1, import-1k").map(({ id }) => id)).toEqual(["import-1k@8", "import-1k@1", "put-10m@1"]);
  });

  it.each(["", "nap", "import,nap"])("names the wrong item of %j and the existing rows", (text) => {
    expect(() => rowsNamed(text)).toThrow(
      `no row begins with "${text === "" ? "" : "nap"}"; there are records@8, import-1k@8, `,
    );
  });
});

describe("a shorter row", () => {
  it("has its share of the work, and work for every concurrent call", () => {
    const [row] = rowsNamed("get-10m@8");
    expect(row && shortened(row, 1 / 4)).toEqual({ ...row, count: 75 });
    expect(row && tiny(row)).toEqual({ ...row, count: 8 });
    const [onDisk] = rowsNamed("fs-get@1");
    expect(onDisk && tiny(onDisk)).toEqual({ ...onDisk, count: 2, size: 5_000_000 });
  });

  it("imports the same folder, or a small one if tiny", () => {
    const [row] = rowsNamed("fs@1");
    expect(row && shortened(row, 1 / 4)).toBe(row);
    expect(row && tiny(row).folder).not.toBe(row?.folder);
  });
});
