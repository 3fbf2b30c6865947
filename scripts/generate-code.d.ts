export declare function generateCode(
  protos: string,
  folder: string,
  selection?: { readonly paths?: readonly string[]; readonly options?: readonly string[] },
): void;
export declare function compileCode(folder: string): void;
