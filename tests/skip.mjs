// What a test may be skipped for. With SANDERLING_ORACLE=required, as in CI, nothing may: a test must not pass by not
// running.

/** Gives the reason back, which is false where nothing is missing, unless it may not be one. */
export function mayBeMissing(reason) {
  if (reason && process.env.SANDERLING_ORACLE === 'required') throw new Error(`nothing may be skipped here: ${reason}`);
  return reason;
}
