/** The build puts the engine beside the page and this import is its address. */
declare module '*.wasm' {
  const url: string;
  export default url;
}
