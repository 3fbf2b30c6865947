/** Returns a client with some of its methods replaced. */
export function altered<T extends object>(client: T, changes: Partial<T>): T {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = name in changes ? changes[name as keyof T] : target[name as keyof T];
      return typeof value === "function" ? (value.bind(name in changes ? changes : target) as unknown) : value;
    },
  });
}
