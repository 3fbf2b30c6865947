// The advice of the page "Messages and what to do". The messages themselves come from the sources: see messages.js.

/** The sections of the page. `sources` are folders or files of the repository. */
export const groups = [
  {
    title: "Options and configuration",
    text: "For the user: correct the option (`-o key=value`, or the stored configuration) that the message names. For the author: [declare the option](./config.md) as you mean it.",
    sources: ["packages/config/src"],
  },
  {
    title: "Start and end of the plugin",
    text: "These come from the process itself, most of them on stderr. [Debug a plugin](./debugging.md) shows how to start a plugin by hand.",
    sources: [
      "packages/process/src",
      "packages/sdk/src/server.ts",
      "packages/sdk/src/define.ts",
      "packages/adapter/src/session/generation.ts",
    ],
  },
  {
    title: "The author's connector",
    text: "For the author: a method is missing or has returned something else than its interface says. [The API](./api.md) has the signatures.",
    sources: [
      "packages/adapter/src/session/identity.ts",
      "packages/adapter/src/session/methods.ts",
      "packages/adapter/src/session/open-connector.ts",
      "packages/adapter/src/session/session.ts",
    ],
  },
  {
    title: "Entries of a backup",
    text: "The entry that the message names is not in the snapshot, and the backup continues. For the author: correct the entry that `scan()` yields.",
    sources: ["packages/importer/src", "packages/adapter/src/values", "packages/model/src"],
  },
  {
    title: "Content",
    text: "The content of one file or resource could not be moved as a whole. Nothing partial is kept. If the message names a source, such as a service or a disk, repair that and run the command again.",
    sources: ["packages/adapter/src/content", "packages/sdk/src/helpers"],
  },
  {
    title: "Restore",
    text: "The entry that the message names was not restored, or not completely. The restore continues with the others.",
    sources: ["packages/exporter/src"],
  },
  {
    title: "Storages",
    text: "A resource was not stored, read or deleted. An older resource of the same name is unchanged.",
    sources: ["packages/storage/src"],
  },
  {
    title: "Secret providers and inventories",
    text: "For the author: the message names the field or the method that returned something else than its interface says.",
    sources: ["packages/secret-provider/src", "packages/inventory/src"],
  },
  {
    title: "The connection",
    text: "The host sent something that breaks HTTP/2 or gRPC. No released Plakar does. If the plugin was started by a program of yours, that program is wrong; otherwise report the message with the version of Plakar.",
    sources: ["packages/server/src", "packages/wire/src"],
  },
];

/** Advice for the messages that contain a text: the first row that fits counts. */
export const advice = [
  ["is unknown: did you mean", "Correct the name of the option."],
  ["is unknown: the plugin has no options", "Remove the option."],
  ["is unknown: expected one of", "Use one of the names in the message, or remove the option."],
  ["this plugin is", "For the author: correct `type` of the connector, or its `executable`, in the manifest."],
  ["is missing: expected", "Set the option."],
  ["has no jsonSchema", "Use a schema library with JSON Schema (Zod 4.2 or newer), or write the validator by hand."],
  ["an option with a default is optional already", "Remove `.optional()` or the default."],
  ["the transport must be", "Remove `transport` from the options of `run…`: Plakar's connection is detected."],
  ['it can be "pipes" or "socket"', "Unset the environment variable."],
  ['must be "framed" or "connect"', "Unset `KLOSET_SERVER`."],
  ["the generation must be", "Correct `--generation` in the `args` of the manifest, or `KLOSET_GENERATION`."],
  [
    "was called with a value that no define",
    "Write `export default defineImporter(…)` in the module, and pass that to `run`.",
  ],
  ["cannot be started", "Install the program that the message names, or correct its path."],
  ["close() did not finish within", "For the author: end what `close()` waits for, or raise `closeDeadlineMs`."],
  ["close() has not finished", "For the author: `close()` waits for something that never happens."],
  ["has not finished after", "The plugin works on. For the author: find out what the named method waits for."],
  [
    "finish() was not called",
    "The target is not complete. Run the restore again. For the author: end every call when its signal is aborted.",
  ],
  ["was called before Init", "The program that started the plugin must send Init first."],
  ["which is never called: did you mean", "For the author: correct the name of the method."],
  ["which is never read: did you mean", "For the author: correct the name of the property."],
  ["which cannot be called: did you mean", "For the author: pass a function that creates the connector."],
  ["(): found …", "For the author: implement the method, or correct its name."],
  ["root() must be an absolute path", "For the author: return `cleanPathname(path)`."],
  [
    "has neither size nor modTime",
    "For the author: set `modTime` or `size`: see [incremental backups](./incremental.md).",
  ],
  ["was yielded twice", "For the author: yield each pathname once."],
  ["Plakar 1.0 would mistake them", "Nothing is wrong. Use Plakar 1.1 to back up extended attributes."],
  ["is a symbolic link without a target", "For the author: pass the target to `symlink(pathname, target)`."],
  ["its content would be lost", "For the author: give `read` to entries of the type `file` alone."],
  [
    "modTime is an invalid date",
    "For the author: check dates of the source before you pass them on, and leave out those that are invalid.",
  ],
  [
    "pathname escapes the root",
    "The snapshot or the service names a path outside of the target. Do not trust it. `resolveBelow` has protected the other files.",
  ],
  ["must be clean", "For the author: pass the path through `cleanPathname`."],
  ["a Response whose body was already read", "For the author: return the `Response` without reading it."],
  ['is a "return" missing?', "For the author: return the entry from the function."],
  ['is an "await" or "return" missing?', "For the author: await or return every promise that reads the content."],
  ["has no reader", "For the author: give the entry `read`, or the importer `open()`. `read` is called once."],
  [
    "the source sent nothing for",
    "The service is slow or gone. Run the backup again. For the author: raise the limit of `withIdleTimeout`.",
  ],
  ["its source failed", "The host could not read the content. Run `plakar check`."],
  ["of the … bytes of", "For the author: read the content to its end before you return."],
  ["is larger than the limit of", "For the author: raise `limit`, or stream the content."],
  ["does not support extended attributes", "For the author: implement `setExtendedAttribute`, or leave the flag out."],
  ["does not support FIFOs", "For the author: implement `createSpecial`."],
  ["finish() failed, so the restore is not complete", "Run the restore again."],
  ["too many hard links", "Nothing is lost: some names become separate files."],
  ["returned an empty string: hosts would back up nothing", "For the author: return the location that you received."],
  ["this exporter does not support", "For the author: implement `createLink`."],
  ["this store keeps packfiles, states and locks", "Use a `ResourceStore` if a coming host stores other kinds."],
  ["secret … does not exist", "Correct the handle, or add the secret."],
  ["hosts do not know", "The entry is sent. For the author: use a known name where one fits."],
  ["hosts drop country", "The entry is sent. For the author: use a code such as `FR`."],
  [
    "the host does not speak HTTP/2",
    "Start the plugin with Plakar or [`@kloset/host`](./host.md): it is no command for a shell.",
  ],
  [
    "the connection to the host has ended",
    "The host is gone, or the user has cancelled. Nothing partial was kept. Run the command again.",
  ],
  ["the host cancelled the call", "The host no longer wants the result."],
];
