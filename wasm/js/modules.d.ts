// What edge platforms make of importing a module.
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

declare module '*.wasm?module' {
  const module: WebAssembly.Module;
  export default module;
}

// The module packed by gzip, in base64; the build puts it there.
declare module 'inline:sanderling.wasm' {
  const text: string;
  export default text;
}
