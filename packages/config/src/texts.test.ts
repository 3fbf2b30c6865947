import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseBoolean, parseBytes, parseDate, parseDuration } from "./texts.js";

/** A fixed seed makes failures repeatable; few runs keep the suite quick. */
const SETTINGS = { seed: 12, numRuns: 100 };

describe("parseBoolean", () => {
  it("accepts exactly the texts of strconv.ParseBool", () => {
    for (const text of ["1", "t", "T", "TRUE", "true", "True"]) expect(parseBoolean(text)).toBe(true);
    for (const text of ["0", "f", "F", "FALSE", "false", "False"]) expect(parseBoolean(text)).toBe(false);
    for (const text of ["", "yes", "no", "on", "tRUE", " true", "true\n", "2", "toString"])
      expect(parseBoolean(text)).toBeUndefined();
  });
});

describe("parseDuration", () => {
  it.each([
    ["0", 0],
    ["-0", 0],
    ["+5s", 5_000],
    ["1h30m", 5_400_000],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["5.s", 5_000],
    ["-1.5s", -1_500],
    ["1500us", 1.5],
    ["1\u00B5s", 0.001],
    ["1\u03BCs", 0.001],
    ["1ns", 0.000001],
    ["39h9m14.425s", 140_954_425],
    ["1s1s", 2_000],
    ["9223372036854775807ns", 9_223_372_036_854.775],
    ["-9223372036854775808ns", -9_223_372_036_854.775],
  ])("parses %j", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    "",
    "3",
    "-",
    "s",
    ".",
    ".s",
    "-.s",
    "1.2.3s",
    "1 s",
    "1d",
    "1S",
    "--1s",
    "1s ",
    "1e3s",
    "9223372036854775808ns",
    "3000000h",
    `${"9".repeat(300)}s`,
  ])("rejects %j as time.ParseDuration does", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("adds up parts in any order", () => {
    const parts = fc.array(fc.tuple(fc.nat(999), fc.constantFrom("h", "m", "s", "ms")), { minLength: 1, maxLength: 6 });
    const unit = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
    fc.assert(
      fc.property(parts, (list) => {
        const text = list.map(([count, name]) => `${count}${name}`).join("");
        expect(parseDuration(text)).toBe(list.reduce((sum, [count, name]) => sum + count * unit[name], 0));
      }),
      SETTINGS,
    );
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.-+hmsnuµ ".split("")) }), (text) => {
        const value = parseDuration(text);
        expect(value === undefined || Number.isFinite(value)).toBe(true);
      }),
      SETTINGS,
    );
  });
});

describe("parseBytes", () => {
  it.each([
    ["0", 0],
    ["4096", 4096],
    ["4096 B", 4096],
    ["64 MiB", 64 * 1024 ** 2],
    ["64mib", 64 * 1024 ** 2],
    ["64Mi", 64 * 1024 ** 2],
    ["1 K", 1000],
    ["1.5GB", 1_500_000_000],
    [".5 KiB", 512],
    ["1.9 B", 1],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("parses %j", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each([
    "",
    ".",
    "MiB",
    "-1",
    "+1",
    "1 XB",
    "1iB",
    "1  MiB",
    " 1",
    "1e3",
    "1,000",
    "9007199254740992",
    "9 EiB",
    "1".repeat(300),
  ])("rejects %j", (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });

  it("parses every number of every unit", () => {
    const units = fc.constantFrom<[string, number]>(
      ["", 1],
      ["B", 1],
      ["kB", 1e3],
      ["KiB", 2 ** 10],
      ["GB", 1e9],
      ["GiB", 2 ** 30],
    );
    fc.assert(
      fc.property(fc.nat(1_000_000), units, fc.constantFrom("", " "), (count, [unit, bytes], space) => {
        expect(parseBytes(`${count}${unit === "" ? "" : space}${unit}`)).toBe(count * bytes);
      }),
      SETTINGS,
    );
  });
});

describe("parseDate", () => {
  it.each([
    ["2026-01-31", "2026-01-31T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00.000Z"],
    ["2026-01-31t10:00:00.5z", "2026-01-31T10:00:00.500Z"],
    ["2026-01-31T23:30:00-01:30", "2026-02-01T01:00:00.000Z"],
  ])("parses %j", (text, iso) => {
    expect(parseDate(text)?.toISOString()).toBe(iso);
  });

  it.each([
    "",
    "yesterday",
    "2026-02-29",
    "2026-04-31",
    "2026-13-01",
    "2026-01-00",
    "26-01-01",
    "2026-01-31T10:00:00",
    "2026-01-31T10:00Z",
    "2026-01-31T24:00:00Z",
    "2026-01-31T10:60:00Z",
    "2026-01-31T10:00:00+24:00",
    "2026-01-31 ",
  ])("rejects %j", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it("parses what toISOString writes", () => {
    const dates = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseDate(date.toISOString())).toEqual(date);
      }),
      SETTINGS,
    );
  });
});
