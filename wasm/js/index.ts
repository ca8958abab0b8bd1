/**
 * Sanderling: a Redis-compatible engine inside your process.
 *
 * @packageDocumentation
 */
export type { ConnectOptions } from './address.js';
export { Client, SyncClient } from './client.js';
export type { Commands } from './commands.generated.js';
export type { Connector } from './connector.js';
export type { Derived, FieldValue, Match, Matches, RankAndScore, ScoredMember } from './derived.js';
export type { Reply } from './decode.js';
export type { Value } from './encode.js';
export type { Durability } from './directory.js';
export type { ImportOptions, Imported } from './dumps.js';
export {
  BatchError,
  ClosedError,
  ConnectionError,
  DumpError,
  type FailedCommand,
  LeaderChangedError,
  LimitError,
  NotLocalError,
  ReplyError,
  StorageError,
  type StorageErrorDetails,
} from './errors.js';
export type { Image } from './image.js';
export type { Store } from './kept-name.js';
export { Pipeline, Transaction } from './pipeline.js';
export type { Listener, ListenOptions, PageWorker, Port, WasmModule } from './platform.js';
export type { Remote } from './remote.js';
export { type KeptFiles, type OpenOptions, type Persistence, Sanderling } from './sanderling.js';
export type { MessageListener } from './subscriptions.js';
export type * from './types.js';
export type { Settings, Torn } from './wasm.js';
