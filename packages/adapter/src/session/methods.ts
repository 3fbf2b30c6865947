import { InvalidValue } from "@kloset/wire/grpc";
import { describe } from "../values/describe.js";
import { noticeOnce } from "./notice.js";

/**
 * Every member of an interface: a required method, an optional one, or an optional value. The compiler requires the
 * table to be complete.
 */
export type MethodTable<T> = {
  readonly [Name in keyof T & string]-?: NonNullable<T[Name]> extends (...args: never[]) => unknown
    ? Partial<Pick<T, Name>> extends Pick<T, Name>
      ? "optional"
      : "required"
    : "value";
};

/** The methods of one kind of connector, for {@link checkMethods}. */
export interface Methods {
  /** The kind with its article, such as "an importer". */
  readonly kind: string;
  readonly methods: Readonly<Record<string, "optional" | "required" | "value">>;
  /** Sets of further methods: a connector has all of one set. */
  readonly shapes?: readonly (readonly string[])[];
}

/** Maximum number of methods that an error lists. */
const MAX_LISTED = 20;

/** Maximum edit distance between a name and the method that it misspells. */
const MAX_DISTANCE = 2;

/** Length below which a name may differ in one letter only: short words resemble one another. */
const SHORT_NAME = 5;

/**
 * Checks that a connector has every required method, and that its optional ones are functions. Logs a notice for each
 * method whose name resembles that of an optional one that is absent, and for each other member whose name resembles
 * that of an absent value. The caller checks the values themselves.
 *
 * @throws InvalidValue that names the method and what was found in its place.
 */
export function checkMethods(connector: object, { kind, methods, shapes = [] }: Methods): void {
  const noun = kind.slice(kind.indexOf(" ") + 1);
  const known = new Set([...Object.keys(methods), ...shapes.flat()]);
  const own = Object.entries(methods);
  const required = [
    ...own.flatMap(([name, need]) => (need === "required" ? [name] : [])),
    ...shapeOf(connector, shapes),
  ];
  for (const name of required) {
    const value: unknown = Reflect.get(connector, name);
    if (typeof value === "function") continue;
    const found = value === undefined ? foundInstead(connector, name, known) : describe(value);
    throw new InvalidValue(`the ${noun} has no ${name}(): found ${found}`);
  }
  const absent = own.flatMap(([name, need]) => {
    const value: unknown = need === "optional" ? Reflect.get(connector, name) : undefined;
    if (value === undefined) return need === "optional" ? [name] : [];
    if (typeof value === "function") return [];
    throw new InvalidValue(`${name} of the ${noun} must be a method: found ${describe(value)}`);
  });
  for (const name of methodNames(connector)) {
    const meant = known.has(name) ? undefined : absent.find((method) => resembles(name, method));
    if (meant !== undefined) noticeOnce(`the ${noun} has ${name}(), which is never called: did you mean ${meant}()?`);
  }
  const absentValues = own.flatMap(([name, need]) => (need === "value" && !(name in connector) ? [name] : []));
  for (const name of absentValues.length === 0 ? [] : memberNames(connector)) {
    const meant = known.has(name) ? undefined : absentValues.find((value) => resembles(name, value));
    if (meant !== undefined) noticeOnce(`the ${noun} has ${name}, which is never read: did you mean ${meant}?`);
  }
}

/** Returns the set of methods that a connector has, or of which it has some. */
function shapeOf(connector: object, shapes: readonly (readonly string[])[]): readonly string[] {
  const has = (name: string): boolean => typeof Reflect.get(connector, name) === "function";
  return shapes.find((shape) => shape.every(has)) ?? shapes.find((shape) => shape.some(has)) ?? shapes.at(-1) ?? [];
}

/** Describes the methods that exist in place of a missing one: the one that may be misspelt, or all. */
function foundInstead(connector: object, missing: string, known: ReadonlySet<string>): string {
  const names = methodNames(connector);
  const misspelt = names.find((name) => !known.has(name) && resembles(name, missing));
  if (misspelt !== undefined) return `${misspelt}()`;
  if (names.length === 0) return "no methods at all";
  const more = names.length > MAX_LISTED ? `, and ${names.length - MAX_LISTED} more` : "";
  return names
    .slice(0, MAX_LISTED)
    .map((name) => `${name}()`)
    .join(", ")
    .concat(more);
}

/** Returns the names of an object's own and inherited methods. Calls no getter. */
function methodNames(connector: object): string[] {
  return memberNames(connector, ({ value }) => typeof value === "function");
}

/** Returns the names of an object's own and inherited members. Calls no getter. */
function memberNames(connector: object, isWanted: (member: PropertyDescriptor) => boolean = () => true): string[] {
  const names = new Set<string>();
  for (
    let object: object | null = connector;
    object !== null && object !== Object.prototype;
    object = Reflect.getPrototypeOf(object)
  ) {
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
      if (name !== "constructor" && isWanted(member)) names.add(name);
    }
  }
  return [...names];
}

/** Returns true if a name is probably a misspelling of a method's. A leading underscore marks a private method. */
function resembles(name: string, method: string): boolean {
  if (name.startsWith("_") || Math.abs(name.length - method.length) > MAX_DISTANCE) return false;
  const distance = editDistance(name.toLowerCase(), method.toLowerCase());
  return distance <= (method.length < SHORT_NAME ? 1 : MAX_DISTANCE);
}

/** Returns the Levenshtein distance. A dependency for the few names of one object would cost every plugin more. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of Array.from(one).entries()) {
    const next = [index + 1];
    for (const [column, against] of Array.from(other).entries()) {
      const replaced = (row[column] ?? 0) + (letter === against ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
