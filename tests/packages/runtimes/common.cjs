// For Deno and Bun, as CommonJS.
const package_ = require('sanderling');

import('./smoke.mjs')
  .then(({ smoke }) => smoke(package_))
  .then(console.log, (error) => {
    console.error(error);
    process.exit(1);
  });
