/**
 * Turns the module that wasm-bindgen writes into a function that makes it, since the module can only serve one
 * instance of the engine: it keeps the instance and views of its memory in variables.
 *
 * @param {string} text the bundler target's `_bg.js`
 */
export function makeGlue(text) {
  const exported = [];
  const body = text.replaceAll(/^export (?:async )?(function|const|let|class) ([\w$]+)/gm, (_, keyword, name) => {
    exported.push(name);
    return `${keyword} ${name}`;
  });
  if (/^(import|export)\b/m.test(body)) throw new Error('wasm-bindgen wrote glue of a form that is not known here');
  for (const name of ['__wbg_set_wasm', 'init', 'requestLimits']) {
    if (!exported.includes(name)) throw new Error(`wasm-bindgen's glue has no ${name}`);
  }
  const [imports, own] = [true, false].map((isGlue) => exported.filter((name) => name.startsWith('__wb') === isGlue && name !== '__wbg_set_wasm'));
  return `export function createGlue() {
${body}
return {
  imports: { ${imports.join(', ')} },
  start(exports) { __wbg_set_wasm(exports); exports.__wbindgen_start(); },
  ${own.join(', ')},
};
}
`;
}
