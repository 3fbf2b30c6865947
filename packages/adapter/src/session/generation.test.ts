import { describe, expect, it } from "@jest/globals";
import { checkGeneration, chosenGeneration, generationOfUserAgent } from "./generation.js";

describe("generationOfUserAgent", () => {
  it.each([
    ["grpc-go/1.75.0", "v1.0"],
    ["grpc-go/1.76.0", "v1.0"],
    ["grpc-go/1.77.0", "v1.0"],
    ["grpc-go/1.9.0", "v1.0"],
    // v1.1.0-beta.1 to beta.3 speak v1.0's services.
    ["grpc-go/1.78.0", "v1.0"],
    ["grpc-go/1.79.3", "v1.0"],
    ["grpc-go/1.80.0", "v1.0"],
    ["grpc-go/1.81.0", "v1.1"],
    ["grpc-go/1.81.1", "v1.1"],
    ["grpc-go/1.100.0", "v1.1"],
    ["grpc-go/2.0.0", "v1.1"],
    ["grpc-go/1.81.1-dev", "v1.1"],
    ["grpc-go/1.77.0-dev", "v1.0"],
    // A program's own user agent precedes that of grpc-go.
    ["foo grpc-go/1.77.0", "v1.0"],
    ["foo/9.9 grpc-go/1.81.1", "v1.1"],
    ["grpc-node-js/1.9", "v1.1"],
    ["connect-es/2.1.2", "v1.1"],
    ["not-grpc-go/1.77.0", "v1.1"],
    ["grpc-go", "v1.1"],
    ["", "v1.1"],
  ])("of %j is %s", (userAgent, generation) => {
    expect(generationOfUserAgent(userAgent)).toBe(generation);
  });
});

describe("chosenGeneration", () => {
  it.each<[string[], Record<string, string | undefined>, string | undefined]>([
    [[], {}, undefined],
    [[], { KLOSET_GENERATION: "" }, undefined],
    [[], { KLOSET_GENERATION: "v1.0" }, "v1.0"],
    [[], { KLOSET_GENERATION: "v1.1" }, "v1.1"],
    [["--generation", "v1.0"], {}, "v1.0"],
    [["--generation=v1.1"], {}, "v1.1"],
    [["--generation=v1.1"], { KLOSET_GENERATION: "v1.0" }, "v1.1"],
    [["--generation=v1.1"], { KLOSET_GENERATION: "nonsense" }, "v1.1"],
    [["mine", "-v", "--other=x", "--generation=v1.0", "more"], {}, "v1.0"],
    [["--", "--generation=v1.0"], {}, undefined],
  ])("of the arguments %j and the environment %j is %s", (args, env, generation) => {
    expect(chosenGeneration(args, env)).toBe(generation);
  });

  it.each<[string[], Record<string, string>, string]>([
    [["--generation=1.0"], {}, 'the generation must be "v1.0" or "v1.1": "1.0"'],
    [["--generation=v1.2"], { KLOSET_GENERATION: "v1.0" }, 'the generation must be "v1.0" or "v1.1": "v1.2"'],
    [["--generation"], {}, 'the generation must be "v1.0" or "v1.1": true'],
    [["--generation="], {}, 'the generation must be "v1.0" or "v1.1": ""'],
    [[], { KLOSET_GENERATION: "V1.0" }, 'the generation must be "v1.0" or "v1.1": "V1.0"'],
    [[], { KLOSET_GENERATION: " v1.0" }, 'the generation must be "v1.0" or "v1.1": " v1.0"'],
  ])("rejects the arguments %j and the environment %j with the value in the error", (args, env, message) => {
    expect(() => chosenGeneration(args, env)).toThrow(new Error(message));
  });

  it("reads the environment of the process by default", () => {
    expect(chosenGeneration([])).toBe(chosenGeneration([], process.env));
  });
});

describe("checkGeneration", () => {
  it.each([undefined, "v1.0", "v1.1"])("accepts %j", (chosen) => {
    expect(checkGeneration(chosen)).toBe(chosen);
  });

  it.each<[unknown, string]>([
    ["1.1", '"1.1"'],
    [1.1, "1.1"],
    [null, "null"],
    [["v1.1"], "[ 'v1.1' ]"],
  ])("rejects %j with the value in the error", (chosen, shown) => {
    expect(() => checkGeneration(chosen)).toThrow(new Error(`the generation must be "v1.0" or "v1.1": ${shown}`));
  });
});
