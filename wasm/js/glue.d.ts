// The shape of pkg/glue.js, which the build makes of what wasm-bindgen writes.
declare module '*/pkg/glue.js' {
  export function createGlue(): {
    imports: WebAssembly.ModuleImports;
    start(exports: WebAssembly.Exports): void;
    init(options: object, seed: Uint8Array, now: number, dir: string | undefined, fsync: string): void;
  } & Omit<import('./wasm.js').Instance, 'exports'>;
}
