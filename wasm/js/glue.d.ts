// The shape of pkg/glue.js, which the build makes of what wasm-bindgen writes.
declare module '*/pkg/glue.js' {
  export function createGlue(): {
    imports: WebAssembly.ModuleImports;
    start(exports: WebAssembly.Exports): void;
    init(options: object, seed: Uint8Array, now: number): void;
    requestLimits(): { arguments: number; argumentBytes: number; bytes: number };
  };
}
