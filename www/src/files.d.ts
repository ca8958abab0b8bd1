/** The build puts the engine beside the page and this import is its address. */
declare module '*.wasm' {
  const url: string;
  export default url;
}

/** Programs that are shown are text. */
declare module '*.mjs' {
  const text: string;
  export default text;
}
