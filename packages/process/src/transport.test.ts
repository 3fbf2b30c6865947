import { describe, expect, it } from "@jest/globals";
import type { DescriptorKind } from "./platform.js";
import { checkTransport, chooseTransport, transportFromEnvironment, type Transport } from "./transport.js";

type Found = Transport | undefined;

describe("chooseTransport", () => {
  it.each<[DescriptorKind, DescriptorKind, Found, Found, Found]>([
    // fd 0, fd 1, detected, with override "pipes", with override "socket"
    ["pipe", "pipe", "pipes", "pipes", undefined],
    ["pipe", "socket", "pipes", "pipes", undefined],
    ["pipe", "file", undefined, undefined, undefined],
    ["pipe", "other", undefined, undefined, undefined],
    ["socket", "pipe", "socket", "pipes", "socket"],
    ["socket", "file", "socket", undefined, "socket"],
    ["socket", "other", "socket", undefined, "socket"],
    ["file", "pipe", undefined, undefined, undefined],
    ["other", "pipe", undefined, undefined, undefined],
    ["other", "other", undefined, undefined, undefined],
    ["other", "socket", undefined, undefined, undefined],
  ])("handles fd 0 as %s and fd 1 as %s", (input, output, found, pipes, socket) => {
    const inherited = { input, output, outputIsInherited: () => undefined };
    expect(chooseTransport(inherited)).toBe(found);
    expect(chooseTransport(inherited, "pipes")).toBe(pipes);
    expect(chooseTransport(inherited, "socket")).toBe(socket);
  });

  it.each<[boolean | undefined, Transport]>([
    [true, "socket"],
    [false, "pipes"],
    [undefined, "pipes"],
  ])("distinguishes two sockets by whether fd 1 is inherited: %s", (isInherited, transport) => {
    const inherited = { input: "socket", output: "socket", outputIsInherited: () => isInherited } as const;
    expect(chooseTransport(inherited)).toBe(transport);
    expect(chooseTransport(inherited, "pipes")).toBe("pipes");
    expect(chooseTransport(inherited, "socket")).toBe("socket");
  });
});

describe("transportFromEnvironment", () => {
  it("reads KLOSET_TRANSPORT and rejects unknown values", () => {
    expect(transportFromEnvironment({})).toBeUndefined();
    expect(transportFromEnvironment({ KLOSET_TRANSPORT: "" })).toBeUndefined();
    expect(transportFromEnvironment({ KLOSET_TRANSPORT: "socket" })).toBe("socket");
    expect(() => transportFromEnvironment({ KLOSET_TRANSPORT: "tcp" })).toThrow('KLOSET_TRANSPORT is "tcp"');
  });
});

describe("checkTransport", () => {
  it.each(["pipes", "socket"])("accepts %j", (value) => {
    expect(() => {
      checkTransport(value);
    }).not.toThrow();
  });

  it.each<[unknown, string]>([
    ["pipe", '"pipe"'],
    ["", '""'],
    [null, "null"],
    [5, "5"],
  ])("rejects %j with an error that quotes it", (value, shown) => {
    expect(() => {
      checkTransport(value);
    }).toThrow(new Error(`the transport must be "pipes" or "socket", not ${shown}`));
  });
});
