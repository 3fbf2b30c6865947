import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PluginError, StatusCode } from "@kloset/host";
import { jsonSchemaOf } from "@kloset/sdk/config";
import { testSecretProvider } from "@kloset/testing";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import secrets from "./secrets.js";

/** Made for this test by age-keygen 1.1.1. */
const IDENTITY = "AGE-SECRET-KEY-1F2Y6F3QK54WSZ9UXECSD097SD5X3X8KRCTQDPF7MTFA0HHNDQH8Q749TTS";
/** "correct horse battery\nuser: ann\n", encrypted by age 1.1.1. */
const BY_AGE = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA1V1RQdDlTY1BVeGJjSVpw
djBic3NNQlJJMFpyYVpXMWh2SlJYSDEzN25rClIzVXdUM2lYRUQ1MkJkSjVkZFVZ
OUZ3eGFzbG4zMHVvd0Q4RGp2TlE4K0kKLS0tIGV5aFBra1hrc21Od1k3VXRGekwy
RURLMTJyclJIWGNOM3ZNN25ZbUZQSHMK0neo0aOxyk/2DwE2qd1QIgzcO53DrlU9
HdW5OshjjvBuYSFXRSda2B6NeNfQ+HcmxR2ZtW8L3ink3+AwQ9W+0A==
-----END AGE ENCRYPTED FILE-----
`;
const SECRET = "hunter2-of-the-test";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kloset-secrets-"));
  await writeFile(join(folder, "keys.txt"), `# created: today\n\n${IDENTITY}\n`);
});

afterAll(() => rm(folder, { recursive: true }));

async function encrypted(text: string | Uint8Array, identity = IDENTITY): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return encrypter.encrypt(text);
}

async function put(handle: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, "store", `${handle}.age`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const start = (config: Record<string, string> = { identity: IDENTITY }): ReturnType<typeof testSecretProvider> =>
  testSecretProvider(secrets, { location: `age://${join(folder, "store")}`, config });

/** Resolves a handle that fails. The error must not contain what the file does. */
async function failureOf(handle: string): Promise<PluginError> {
  await using provider = await start();
  const error: unknown = await provider.resolve(handle).catch((thrown: unknown) => thrown);
  if (!(error instanceof PluginError)) throw new Error("expected a PluginError", { cause: error });
  expect(error.message).not.toContain(SECRET);
  return error;
}

describe("a folder of age-encrypted files", () => {
  it("resolves files of this library and of age, without the final newline", async () => {
    await put("db/prod/password", await encrypted(`${SECRET}\n`));
    await put("two-lines", await encrypted(" two\n\n"));
    await put("empty", await encrypted(""));
    await put("by-age", BY_AGE);
    await using provider = await start({ identity_file: join(folder, "keys.txt") });
    const handles = ["db/prod/password", "two-lines", "empty", "by-age"];
    expect(await Promise.all(handles.map((handle) => provider.resolve(handle)))).toEqual([
      SECRET,
      " two\n",
      "",
      "correct horse battery\nuser: ann",
    ]);
  });

  it("answers NOT_FOUND for a secret that does not exist", async () => {
    await put("file", await encrypted(SECRET));
    for (const handle of ["missing", "missing/too", "file.age/below", "x".repeat(1000)]) {
      expect((await failureOf(handle)).code).toBe(StatusCode.NOT_FOUND);
    }
  });

  it("stays in its folder", async () => {
    await writeFile(join(folder, "outside.age"), await encrypted(SECRET));
    await put("inside", await encrypted(SECRET));
    await symlink("inside.age", join(folder, "store/alias.age"));
    await symlink("../outside.age", join(folder, "store/link.age"));
    await symlink("..", join(folder, "store/up"));
    for (const handle of ["", "../outside", "a/../../outside", join(folder, "outside"), "./inside", "a//b", "a\0b"]) {
      expect((await failureOf(handle)).message).toContain("expected a path below the folder");
    }
    for (const handle of ["link", "up/outside"]) {
      expect((await failureOf(handle)).message).toBe(`handle "${handle}": a symbolic link leads out of the folder`);
    }
    await using provider = await start();
    expect(await provider.resolve("alias")).toBe(SECRET);
  });

  it("distinguishes damage from a wrong identity, and quotes neither", async () => {
    const whole = await encrypted(SECRET);
    const flipped = whole.slice();
    flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1;
    const damaged = { flipped, short: whole.subarray(0, -1), header: whole.subarray(0, 60), none: "", plain: SECRET };
    for (const [handle, content] of Object.entries({ ...damaged, armor: BY_AGE.replace("Y", "Z") })) {
      await put(handle, content);
      const expected = `the file of the secret "${handle}" is damaged, or not encrypted by age`;
      expect((await failureOf(handle)).message).toBe(expected);
    }
    await put("foreign", await encrypted(SECRET, await generateX25519Identity()));
    expect((await failureOf("foreign")).message).toContain("encrypted for other identities");
    await put("binary", await encrypted(Buffer.from([0xff, 0xfe, 0x00])));
    expect((await failureOf("binary")).message).toContain("is not UTF-8 text");
  });

  it("does not read a large file, or a directory", async () => {
    await truncate(await put("large", ""), 2 ** 40);
    expect((await failureOf("large")).message).toMatch(/"large" has 1099511627776 bytes: expected at most 1048576/);
    await mkdir(join(folder, "store/directory.age"));
    expect((await failureOf("directory")).message).toContain("is not a regular file");
  });

  it("goes on after a call that was aborted", async () => {
    await put("kept", await encrypted(SECRET));
    await using provider = await start();
    const abort = new AbortController();
    const aborted = provider.resolve("kept", { signal: abort.signal });
    abort.abort(new Error("the user has left"));
    await expect(aborted).rejects.toThrow();
    expect(await provider.resolve("kept")).toBe(SECRET);
  });
});

describe("the configuration", () => {
  it("marks the identity as a secret", () => {
    expect(jsonSchemaOf(secrets)).toMatchObject({ properties: { identity: { writeOnly: true } } });
  });

  it("names what is wrong, and never an identity", async () => {
    const wrong = `${IDENTITY.slice(0, -1)}T`;
    await writeFile(join(folder, "wrong.txt"), `${IDENTITY}\n${wrong}\n`);
    await writeFile(join(folder, "none.txt"), "# nothing\n");
    const cases: [Record<string, string>, string][] = [
      [{}, 'config keys "identity" and "identity_file": expected one of the two'],
      [{ identity: IDENTITY, identity_file: "/x" }, "expected one of the two"],
      [{ identity: wrong }, 'config key "identity", line 1: expected an identity'],
      [{ identity_file: join(folder, "wrong.txt") }, 'wrong.txt", line 2: expected an identity'],
      [{ identity_file: join(folder, "none.txt") }, "expected at least one identity"],
      [{ identity_file: join(folder, "missing.txt") }, "ENOENT"],
      [{ identity_file: folder }, "is not a regular file"],
    ];
    for (const [config, text] of cases) {
      const error: unknown = await start(config).catch((thrown: unknown) => thrown);
      expect(String(error)).toContain(text);
      expect(String(error)).not.toMatch(/AGE-SECRET-KEY-1\w/i);
    }
    for (const location of ["age://relative", `age://${join(folder, "keys.txt")}`]) {
      const refused = testSecretProvider(secrets, { location, config: { identity: IDENTITY } });
      await expect(refused).rejects.toThrow("expected the absolute path of a folder");
    }
  });
});
