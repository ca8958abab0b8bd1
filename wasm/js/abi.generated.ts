// Generated from the engine's interface; `cargo test -p sanderling-tests generated` writes it.

/** Words of 32 bits in an output's descriptor: its kind, its connection, where its bytes begin, how many they are. */
export const DESCRIPTOR_WORDS = 4;

/** What an output is. */
export const OutputKind = {
  write: 0,
  writePubsub: 1,
  close: 2,
  append: 3,
  setting: 4,
  error: 5,
  shutdown: 6,
  hostRequest: 7,
  snapshot: 8,
  snapshotEnd: 9,
  snapshotFailed: 10,
  loaded: 11,
  loadFailed: 12,
  saveWanted: 13,
} as const;
