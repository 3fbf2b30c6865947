import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { addSecrets, forgetSecrets, masked } from "./mask.js";

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
});
