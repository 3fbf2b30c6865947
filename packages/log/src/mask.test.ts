import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addResolvedSecret, addSecrets, forgetSecrets, masked } from "./mask.js";

afterEach(forgetSecrets);

describe("masked", () => {
  it("replaces a secret wherever it occurs, also within words", () => {
    addSecrets(["hunter2"]);
    expect(masked("hunter2: xhunter2y hunter2hunter2 hunter")).toBe("***: x***y *** hunter");
    expect(masked("nothing")).toBe("nothing");
  });

  it("ignores secrets below four characters, which occur in ordinary words", () => {
    addSecrets(["", "a", "abc"]);
    expect(masked("abc a")).toBe("abc a");
    addSecrets(["abcd"]);
    expect(masked("abcd")).toBe("***");
  });

  it("replaces JSON, quoted, percent-encoded and form-encoded secrets", () => {
    const secret = "p\"w\n'/ä +é";
    addSecrets([secret]);
    const forms = [
      JSON.stringify(secret),
      encodeURIComponent(secret),
      encodeURIComponent(secret).replaceAll(/%../g, (escape) => escape.toLowerCase()),
      encodeURI(secret),
      new URLSearchParams({ key: secret }).toString(),
      String(new URL(`https://example.org/?key=${encodeURIComponent(secret)}`)),
    ];
    for (const form of forms) expect(masked(form)).toMatch(/^(?:"|key=|https:\/\/example\.org\/\?key=)?\*\*\*"?$/);
  });

  it("replaces a secret without the spaces around it", () => {
    addSecrets(["  token\n"]);
    expect(masked("got token")).toBe("got ***");
  });

  it("replaces each line of a secret, and the whole secret as one", () => {
    const key = "-----BEGIN KEY-----\r\nMIIEvQ==\r\n  abc\r\n-----END KEY-----\n";
    addSecrets([key]);
    addResolvedSecret("hunter2\nuser: ann\n");
    expect(masked(`<${key}>`)).toBe("<***>");
    expect(masked("bad line MIIEvQ== after abc, password hunter2 of user: ann")).toBe(
      "bad line *** after abc, password *** of ***",
    );
    addResolvedSecret(Array.from({ length: 5000 }, (_, i) => `line ${i}.`).join("\n"));
    expect(masked("line 0. line 199. line 200. hunter2")).toBe("*** *** line 200. ***");
  });

  it("replaces secrets that overlap or contain each other", () => {
    addSecrets(["abcdef", "defghi", "cdef", "xyxy"]);
    expect(masked("-abcdefghi- -xyxyxy-")).toBe("-***- -***-");
  });

  it("leaves no secret of any text", () => {
    const secrets = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "%", "2"), minLength: 4, maxLength: 6 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(secrets, fc.array(fc.nat(3)), (list, order) => {
        forgetSecrets();
        addSecrets(list);
        const text = order.map((index) => list[index] ?? "-").join("");
        const result = masked(text);
        for (const secret of list) expect(result).not.toContain(secret);
      }),
      { seed: 12, numRuns: 100 },
    );
  });

  it("forgets the oldest of too many secrets", () => {
    addSecrets(Array.from({ length: 1001 }, (_, i) => `secret ${i}!`));
    expect(masked("secret 0! secret 1000!")).toBe("secret 0! ***");
  });

  it("keeps the secrets of the configuration, whatever a provider resolves", () => {
    addSecrets(["of the configuration"]);
    for (let i = 0; i < 2000; i++) addResolvedSecret(`resolved ${i}!`);
    expect(masked("of the configuration, resolved 1999!, resolved 0!")).toBe("***, ***, resolved 0!");
    // The one that was used last is kept longest.
    addResolvedSecret("resolved 1001!");
    addResolvedSecret("one more");
    expect(masked("resolved 1000! resolved 1001!")).toBe("resolved 1000! ***");
  });

  it("bounds the memory for long resolved secrets, and keeps the last", () => {
    const long = (i: number): string => `${i} `.repeat(100_000);
    for (let i = 0; i < 5; i++) addResolvedSecret(long(i));
    expect(masked(`<${long(4)}>`)).toBe("<***>");
    expect(masked(long(0))).toBe(long(0));
    addResolvedSecret("short");
    expect(masked("short abc")).toBe("*** abc");
    addResolvedSecret("abc");
    expect(masked("short abc")).toBe("*** abc");
  });
});
