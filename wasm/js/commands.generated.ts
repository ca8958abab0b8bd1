// Generated from the engine's command table; `cargo test -p sanderling-tests generated` writes it.

import type { Shape } from './arguments.js';
import type { Reply } from './decode.js';
import type { Value } from './encode.js';
import type * as t from './types.js';

/** A method for every command, as it would be if nothing had to be waited for. */
export interface Commands {
  /**
   * Lists, makes and changes users.
   *
   * `ACL`, since Redis 6.0.0, Depends on the subcommand.
   */
  acl(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Lists the categories of commands, or the commands of one category.
   *
   * `ACL CAT`, since Redis 6.0.0, O(N) in the number of commands.
   */
  aclCat(category?: Value): string[];
  /**
   * Deletes users and closes their connections.
   *
   * `ACL DELUSER`, since Redis 6.0.0, O(N) in the number of connections.
   */
  aclDelUser(...usernames: t.Many<Value>): t.Integer;
  /**
   * Tells whether a user may run a request, without running it.
   *
   * `ACL DRYRUN`, since Redis 7.0.0, O(1).
   */
  aclDryRun(username: Value, command: Value, ...args: t.OneOrMore<Value>[]): 'OK' | (string & {});
  /**
   * Makes a password of random hexadecimal digits.
   *
   * `ACL GENPASS`, since Redis 6.0.0, O(1).
   */
  aclGenPass(bits?: t.Numeric): string;
  /**
   * Returns what a user may do.
   *
   * `ACL GETUSER`, since Redis 6.0.0, O(N) in the number of rules.
   */
  aclGetUser(username: Value): { [key: string]: Reply } | null;
  /**
   * Lists the subcommands.
   *
   * `ACL HELP`, since Redis 6.0.0, O(1).
   */
  aclHelp(): string[];
  /**
   * Returns all users as lines of rules.
   *
   * `ACL LIST`, since Redis 6.0.0, O(N) in the number of users.
   */
  aclList(): string[];
  /**
   * Reads the users from the ACL file again.
   *
   * `ACL LOAD`, since Redis 6.0.0, O(N) in the number of users.
   */
  aclLoad(): 'OK';
  /**
   * Returns what was refused lately, or forgets it.
   *
   * `ACL LOG`, since Redis 6.0.0, O(N) in the number of entries.
   */
  aclLog(...args: t.Argument[]): { [key: string]: Reply }[] | 'OK';
  /**
   * Returns the token that stands for a user and their password over HTTP.
   *
   * `ACL RESTTOKEN`, Upstash's own, O(1).
   */
  aclResttoken(username: Value, password: Value): string;
  /**
   * Writes the users to the ACL file.
   *
   * `ACL SAVE`, since Redis 6.0.0, O(N) in the number of users.
   */
  aclSave(): 'OK';
  /**
   * Makes a user, or changes what a user may do.
   *
   * `ACL SETUSER`, since Redis 6.0.0, O(N) in the number of rules.
   */
  aclSetUser(username: Value, ...rules: t.OneOrMore<Value>[]): 'OK';
  /**
   * Returns the names of all users.
   *
   * `ACL USERS`, since Redis 6.0.0, O(N) in the number of users.
   */
  aclUsers(): string[];
  /**
   * Returns the name of the connection's user.
   *
   * `ACL WHOAMI`, since Redis 6.0.0, O(1).
   */
  aclWhoAmI(): string;
  /**
   * Adds bytes at the end of a string; a missing key counts as empty.
   *
   * `APPEND`, since Redis 2.0.0, O(1) amortized; the string grows by doubling.
   */
  append(key: t.Key, value: Value): t.Integer;
  /**
   * Fails: the server is no part of a cluster.
   *
   * `ASKING`, since Redis 3.0.0, O(1).
   */
  asking(): 'OK';
  /**
   * Authenticates the connection.
   *
   * `AUTH`, since Redis 1.0.0, O(1).
   */
  auth(...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Rewrites the append-only log, while clients are served.
   *
   * `BGREWRITEAOF`, since Redis 1.0.0, O(1).
   */
  bgrewriteaof(): 'OK';
  /** The same as {@link bgrewriteaof}. */
  bgRewriteAof(): 'OK';
  /**
   * Saves all data to a file, while clients are served.
   *
   * `BGSAVE`, since Redis 1.0.0, O(1).
   */
  bgsave: t.WithOptions<[], { SCHEDULE?: boolean }, 'OK'>;
  /** The same as {@link bgsave}. */
  bgSave: t.WithOptions<[], { SCHEDULE?: boolean }, 'OK'>;
  /**
   * Counts the set bits of a string or of a part of it.
   *
   * `BITCOUNT`, since Redis 2.6.0, O(N) in the length of the part.
   */
  bitcount(key: t.Key, ...args: t.Argument[]): t.Integer;
  /** The same as {@link bitcount}. */
  bitCount(key: t.Key, ...args: t.Argument[]): t.Integer;
  /**
   * Reads, sets and increments integers of any width in a string.
   *
   * `BITFIELD`, since Redis 3.2.0, O(1) for each operation.
   */
  bitfield(key: t.Key, ...args: t.Argument[]): (t.Integer | null)[];
  /** The same as {@link bitfield}. */
  bitField(key: t.Key, ...args: t.Argument[]): (t.Integer | null)[];
  /**
   * Reads integers of any width in a string.
   *
   * `BITFIELD_RO`, since Redis 6.0.0, O(1) for each operation.
   */
  bitfield_ro: t.WithOptions<[key: t.Key], { GET?: { encoding: Value; offset: t.Numeric } }, t.Integer[]>;
  /** The same as {@link bitfield_ro}. */
  bitFieldRo: t.WithOptions<[key: t.Key], { GET?: { encoding: Value; offset: t.Numeric } }, t.Integer[]>;
  /**
   * Combines the bits of several strings and stores the result.
   *
   * `BITOP`, since Redis 2.6.0, O(N) in the length of the longest string.
   */
  bitop(operation: t.Word<'AND' | 'OR' | 'XOR' | 'NOT' | 'DIFF' | 'DIFF1' | 'ANDOR' | 'ONE'>, destkey: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /** The same as {@link bitop}. */
  bitOp(operation: t.Word<'AND' | 'OR' | 'XOR' | 'NOT' | 'DIFF' | 'DIFF1' | 'ANDOR' | 'ONE'>, destkey: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /**
   * Finds the first set or clear bit of a string or of a part of it.
   *
   * `BITPOS`, since Redis 2.8.7, O(N) in the length of the part.
   */
  bitpos(key: t.Key, bit: t.Numeric, ...args: t.Argument[]): t.Integer;
  /** The same as {@link bitpos}. */
  bitPos(key: t.Key, bit: t.Numeric, ...args: t.Argument[]): t.Integer;
  /**
   * Moves an element from one list to another and replies with it; waits for one if the source is empty.
   *
   * `BLMOVE`, since Redis 6.2.0, O(1).
   */
  blmove(source: t.Key, destination: t.Key, wherefrom: t.Word<'LEFT' | 'RIGHT'>, whereto: t.Word<'LEFT' | 'RIGHT'>, timeout: t.Numeric): string | null;
  /** The same as {@link blmove}. */
  blMove(source: t.Key, destination: t.Key, wherefrom: t.Word<'LEFT' | 'RIGHT'>, whereto: t.Word<'LEFT' | 'RIGHT'>, timeout: t.Numeric): string | null;
  /**
   * Moves several elements from one list to another and replies with them; waits until there are enough.
   *
   * `BLMOVEM`, since Redis 8.10.0, O(N) with N elements moved.
   */
  blmovem(source: t.Key, destination: t.Key, wherefrom: t.Word<'LEFT' | 'RIGHT'>, whereto: t.Word<'LEFT' | 'RIGHT'>, timeout: t.Numeric, ...args: t.Argument[]): string[] | null;
  /**
   * Pops elements from the first list that is not empty; waits for one if there is none.
   *
   * `BLMPOP`, since Redis 7.0.0, O(N+M) with N keys and M elements popped.
   */
  blmpop(timeout: t.Numeric, ...args: t.KeysOr): [string, string[]] | null;
  /** The same as {@link blmpop}. */
  blmPop(timeout: t.Numeric, ...args: t.KeysOr): [string, string[]] | null;
  /**
   * Pops the first element of the first list that is not empty; waits for one if there is none.
   *
   * `BLPOP`, since Redis 2.0.0, O(N) with N keys.
   */
  blpop(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string] | null;
  /** The same as {@link blpop}. */
  blPop(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string] | null;
  /**
   * Pops the last element of the first list that is not empty; waits for one if there is none.
   *
   * `BRPOP`, since Redis 2.0.0, O(N) with N keys.
   */
  brpop(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string] | null;
  /** The same as {@link brpop}. */
  brPop(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string] | null;
  /**
   * Moves the last element of one list to the front of another and replies with it; waits for one if the source is empty.
   *
   * `BRPOPLPUSH`, since Redis 2.2.0, O(1).
   *
   * @deprecated since Redis 6.2.0: use `BLMOVE` with the `RIGHT` and `LEFT` arguments
   */
  brpoplpush(source: t.Key, destination: t.Key, timeout: t.Numeric): string | null;
  /** The same as {@link brpoplpush}. */
  brPopLPush(source: t.Key, destination: t.Key, timeout: t.Numeric): string | null;
  /**
   * Pops members from the first sorted set that is not empty; waits for one if there is none.
   *
   * `BZMPOP`, since Redis 7.0.0, O(K) + O(M*log(N)) with K keys, N members and M of them popped.
   */
  bzmpop(timeout: t.Numeric, ...args: t.KeysOr): [string, [member: string, score: number][]] | null;
  /** The same as {@link bzmpop}. */
  bzmPop(timeout: t.Numeric, ...args: t.KeysOr): [string, [member: string, score: number][]] | null;
  /**
   * Pops the member with the greatest score from the first sorted set that is not empty; waits for one if there is none.
   *
   * `BZPOPMAX`, since Redis 5.0.0, O(log(N)) with N members.
   */
  bzpopmax(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string, number] | null;
  /** The same as {@link bzpopmax}. */
  bzPopMax(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string, number] | null;
  /**
   * Pops the member with the least score from the first sorted set that is not empty; waits for one if there is none.
   *
   * `BZPOPMIN`, since Redis 5.0.0, O(log(N)) with N members.
   */
  bzpopmin(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string, number] | null;
  /** The same as {@link bzpopmin}. */
  bzPopMin(...args: [keys: t.OneOrMore<t.Key>, timeout: t.Numeric] | [key: t.Key, second: t.Key, ...more: Value[]]): [string, string, number] | null;
  /**
   * Tells of connections and changes their properties.
   *
   * `CLIENT`, since Redis 2.4.0, O(1).
   */
  client(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Says whether what the next command reads is remembered.
   *
   * `CLIENT CACHING`, since Redis 6.0.0, O(1).
   */
  clientCaching(mode: t.Word<'YES' | 'NO'>): 'OK';
  /**
   * Returns the name of the connection.
   *
   * `CLIENT GETNAME`, since Redis 2.6.9, O(1).
   */
  clientGetName(): string | null;
  /**
   * Returns which connection gets the invalidations of this one; -1 for none.
   *
   * `CLIENT GETREDIR`, since Redis 6.0.0, O(1).
   */
  clientGetRedir(): t.Integer;
  /**
   * Lists the subcommands.
   *
   * `CLIENT HELP`, since Redis 5.0.0, O(1).
   */
  clientHelp(): string[];
  /**
   * Returns the id of the connection.
   *
   * `CLIENT ID`, since Redis 5.0.0, O(1).
   */
  clientId(): t.Integer;
  /**
   * Returns the properties of the connection.
   *
   * `CLIENT INFO`, since Redis 6.2.0, O(1).
   */
  clientInfo(): string;
  /**
   * Closes connections.
   *
   * `CLIENT KILL`, since Redis 2.4.0, O(N) in the number of connections.
   */
  clientKill(...args: [first: t.Argument, ...more: t.Argument[]]): 'OK' | t.Integer;
  /**
   * Returns the properties of connections, one on a line.
   *
   * `CLIENT LIST`, since Redis 2.4.0, O(N) in the number of connections.
   */
  clientList: t.WithOptions<[], { TYPE?: t.Word<'NORMAL' | 'MASTER' | 'SLAVE' | 'REPLICA' | 'PUBSUB'>; ID?: t.OneOrMore<t.Numeric>; USER?: Value; ADDR?: Value; LADDR?: Value; SKIPME?: t.Word<'YES' | 'NO'>; MAXAGE?: t.Numeric; IP?: Value; NAME?: Value; 'LIB-NAME'?: Value; 'LIB-VER'?: Value; FLAGS?: Value; DB?: t.Numeric; IDLE?: t.Numeric }, string>;
  /**
   * Keeps the connection when memory is short.
   *
   * `CLIENT NO-EVICT`, since Redis 7.0.0, O(1).
   */
  clientNoEvict(enabled: t.Word<'ON' | 'OFF'>): 'OK';
  /**
   * Leaves the access times of keys alone.
   *
   * `CLIENT NO-TOUCH`, since Redis 7.2.0, O(1).
   */
  clientNoTouch(enabled: t.Word<'ON' | 'OFF'>): 'OK';
  /**
   * Lets the requests of all connections wait for some time.
   *
   * `CLIENT PAUSE`, since Redis 3.0.0, O(1).
   */
  clientPause(timeout: t.Numeric, mode?: t.Word<'WRITE' | 'ALL'>): 'OK';
  /**
   * Tells which library the client uses.
   *
   * `CLIENT SETINFO`, since Redis 7.2.0, O(1).
   */
  clientSetInfo(...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Names the connection.
   *
   * `CLIENT SETNAME`, since Redis 2.6.9, O(1).
   */
  clientSetName(connectionName: Value): 'OK';
  /**
   * Tells the connection when keys change that it has read.
   *
   * `CLIENT TRACKING`, since Redis 6.0.0, O(1), and some options take time.
   */
  clientTracking: t.WithOptions<[status: t.Word<'ON' | 'OFF'>], { REDIRECT?: t.Numeric; PREFIX?: t.OneOrMore<Value>; BCAST?: boolean; OPTIN?: boolean; OPTOUT?: boolean; NOLOOP?: boolean }, 'OK'>;
  /**
   * Returns how the connection is told of changes.
   *
   * `CLIENT TRACKINGINFO`, since Redis 6.2.0, O(1).
   */
  clientTrackingInfo(): { [key: string]: Reply };
  /**
   * Ends the wait of another connection.
   *
   * `CLIENT UNBLOCK`, since Redis 5.0.0, O(log N) in the number of waiting connections.
   */
  clientUnblock(clientId: t.Numeric, unblockType?: t.Word<'TIMEOUT' | 'ERROR'>): t.Integer;
  /**
   * Ends the pause of all connections.
   *
   * `CLIENT UNPAUSE`, since Redis 6.2.0, O(N) in the number of paused connections.
   */
  clientUnpause(): 'OK';
  /**
   * All subcommands fail: the server is no part of a cluster.
   *
   * `CLUSTER`, since Redis 3.0.0, O(1).
   */
  cluster(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER ADDSLOTS`, since Redis 3.0.0, O(1).
   */
  clusterAddslots(...slots: t.Many<t.Numeric>): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER ADDSLOTSRANGE`, since Redis 7.0.0, O(1).
   */
  clusterAddslotsrange(...pairs: t.Pairs): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER BUMPEPOCH`, since Redis 3.0.0, O(1).
   */
  clusterBumpepoch(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER COUNT-FAILURE-REPORTS`, since Redis 3.0.0, O(1).
   */
  clusterCountFailureReports(nodeId: Value): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER COUNTKEYSINSLOT`, since Redis 3.0.0, O(1).
   */
  clusterCountkeysinslot(slot: t.Numeric): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER DELSLOTS`, since Redis 3.0.0, O(1).
   */
  clusterDelslots(...slots: t.Many<t.Numeric>): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER DELSLOTSRANGE`, since Redis 7.0.0, O(1).
   */
  clusterDelslotsrange(...pairs: t.Pairs): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER FAILOVER`, since Redis 3.0.0, O(1).
   */
  clusterFailover(options?: t.Word<'FORCE' | 'TAKEOVER'>): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER FLUSHSLOTS`, since Redis 3.0.0, O(1).
   */
  clusterFlushslots(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER FORGET`, since Redis 3.0.0, O(1).
   */
  clusterForget(nodeId: Value): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER GETKEYSINSLOT`, since Redis 3.0.0, O(1).
   */
  clusterGetkeysinslot(slot: t.Numeric, count: t.Numeric): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER HELP`, since Redis 5.0.0, O(1).
   */
  clusterHelp(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER INFO`, since Redis 3.0.0, O(1).
   */
  clusterInfo(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER KEYSLOT`, since Redis 3.0.0, O(1).
   */
  clusterKeyslot(key: Value): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER LINKS`, since Redis 7.0.0, O(1).
   */
  clusterLinks(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER MEET`, since Redis 3.0.0, O(1).
   */
  clusterMeet(ip: Value, port: t.Numeric, clusterBusPort?: t.Numeric): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER MIGRATION`, since Redis 8.4.0, O(1).
   */
  clusterMigration(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER MYID`, since Redis 3.0.0, O(1).
   */
  clusterMyid(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER MYSHARDID`, since Redis 7.2.0, O(1).
   */
  clusterMyshardid(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER NODES`, since Redis 3.0.0, O(1).
   */
  clusterNodes(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER REPLICAS`, since Redis 5.0.0, O(1).
   */
  clusterReplicas(nodeId: Value): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER REPLICATE`, since Redis 3.0.0, O(1).
   */
  clusterReplicate(nodeId: Value): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER RESET`, since Redis 3.0.0, O(1).
   */
  clusterReset(resetType?: t.Word<'HARD' | 'SOFT'>): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SAVECONFIG`, since Redis 3.0.0, O(1).
   */
  clusterSaveconfig(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SET-CONFIG-EPOCH`, since Redis 3.0.0, O(1).
   */
  clusterSetConfigEpoch(configEpoch: t.Numeric): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SETSLOT`, since Redis 3.0.0, O(1).
   */
  clusterSetslot(slot: t.Numeric, ...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SHARDS`, since Redis 7.0.0, O(1).
   */
  clusterShards(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SLAVES`, since Redis 3.0.0, O(1).
   *
   * @deprecated since Redis 5.0.0: use `CLUSTER REPLICAS`
   */
  clusterSlaves(nodeId: Value): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SLOT-STATS`, since Redis 8.2.0, O(1).
   */
  clusterSlotStats(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SLOTS`, since Redis 3.0.0, O(1).
   *
   * @deprecated since Redis 7.0.0: use `CLUSTER SHARDS`
   */
  clusterSlots(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `CLUSTER SYNCSLOTS`, since Redis 8.4.0, O(1).
   */
  clusterSyncslots(): 'OK';
  /**
   * Returns the details of all commands.
   *
   * `COMMAND`, since Redis 2.8.13, O(N) in the number of commands.
   */
  command(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Returns how many commands there are.
   *
   * `COMMAND COUNT`, since Redis 2.8.13, O(1).
   */
  commandCount(): t.Integer;
  /**
   * Returns the documentation of commands.
   *
   * `COMMAND DOCS`, since Redis 7.0.0, O(N) in the number of commands.
   */
  commandDocs(...commandNames: t.OneOrMore<Value>[]): { [key: string]: { [key: string]: Reply } };
  /**
   * Returns the keys of a whole request.
   *
   * `COMMAND GETKEYS`, since Redis 2.8.13, O(N) in the number of arguments.
   */
  commandGetKeys(command: Value, ...args: t.OneOrMore<Value>[]): string[];
  /**
   * Returns the keys of a whole request and how they are used.
   *
   * `COMMAND GETKEYSANDFLAGS`, since Redis 7.0.0, O(N) in the number of arguments.
   */
  commandGetKeysAndFlags(command: Value, ...args: t.OneOrMore<Value>[]): Reply[][];
  /**
   * Lists the subcommands.
   *
   * `COMMAND HELP`, since Redis 5.0.0, O(1).
   */
  commandHelp(): string[];
  /**
   * Returns the details of commands.
   *
   * `COMMAND INFO`, since Redis 2.8.13, O(N) in the number of commands.
   */
  commandInfo(...commandNames: t.OneOrMore<Value>[]): (Reply[] | null)[];
  /**
   * Returns the names of commands.
   *
   * `COMMAND LIST`, since Redis 7.0.0, O(N) in the number of commands.
   */
  commandList(...args: t.Argument[]): string[];
  /**
   * Tells which commands took long or were large.
   *
   * `COMMANDLOG`, Valkey's own, O(1).
   */
  commandlog(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Returns the latest commands that took long or were large.
   *
   * `COMMANDLOG GET`, Valkey's own, O(N) in the number of entries replied.
   */
  commandlogGet(count: t.Numeric, type: t.Word<'SLOW' | 'LARGE-REQUEST' | 'LARGE-REPLY'>): [id: t.Integer, time: t.Integer, microseconds: t.Integer, arguments: string[], address: string, name: string][];
  /**
   * Lists the subcommands.
   *
   * `COMMANDLOG HELP`, Valkey's own, O(1).
   */
  commandlogHelp(): string[];
  /**
   * Returns how many commands a log holds.
   *
   * `COMMANDLOG LEN`, Valkey's own, O(1).
   */
  commandlogLen(type: t.Word<'SLOW' | 'LARGE-REQUEST' | 'LARGE-REPLY'>): t.Integer;
  /**
   * Empties a log.
   *
   * `COMMANDLOG RESET`, Valkey's own, O(N) in the number of entries.
   */
  commandlogReset(type: t.Word<'SLOW' | 'LARGE-REQUEST' | 'LARGE-REPLY'>): 'OK';
  /**
   * Reads and changes settings.
   *
   * `CONFIG`, since Redis 2.0.0, O(1).
   */
  config(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Returns the settings whose names match any of the patterns.
   *
   * `CONFIG GET`, since Redis 2.0.0, O(N) in the number of settings.
   */
  configGet(...parameters: t.Many<Value>): { [key: string]: string };
  /**
   * Lists the subcommands.
   *
   * `CONFIG HELP`, since Redis 5.0.0, O(1).
   */
  configHelp(): string[];
  /**
   * Sets the counters of INFO to zero.
   *
   * `CONFIG RESETSTAT`, since Redis 2.0.0, O(1).
   */
  configResetStat(): 'OK';
  /**
   * Writes the settings to the file that they came from.
   *
   * `CONFIG REWRITE`, since Redis 2.8.0, O(1).
   */
  configRewrite(): 'OK';
  /**
   * Changes settings, all of them or none.
   *
   * `CONFIG SET`, since Redis 2.0.0, O(N) in the number of settings.
   */
  configSet(...pairs: t.Pairs): 'OK';
  /**
   * Copies the value of a key to another key.
   *
   * `COPY`, since Redis 6.2.0, O(N) in the size of the value.
   */
  copy: t.WithOptions<[source: t.Key, destination: t.Key], { DB?: t.Numeric; REPLACE?: boolean }, t.Integer>;
  /**
   * Returns how many keys the database holds.
   *
   * `DBSIZE`, since Redis 1.0.0, O(1).
   */
  dbsize(): t.Integer;
  /** The same as {@link dbsize}. */
  dbSize(): t.Integer;
  /**
   * Does what tests need, if enable-debug-command allows it.
   *
   * `DEBUG`, since Redis 1.0.0, Depends on the subcommand.
   */
  debug(subcommand: Value, ...args: t.OneOrMore<Value>[]): Reply;
  /**
   * Subtracts one from the integer at a key; a missing key counts as 0.
   *
   * `DECR`, since Redis 1.0.0, O(1).
   */
  decr(key: t.Key): t.Integer;
  /**
   * Subtracts a number from the integer at a key; a missing key counts as 0.
   *
   * `DECRBY`, since Redis 1.0.0, O(1).
   */
  decrby(key: t.Key, decrement: t.Numeric): t.Integer;
  /** The same as {@link decrby}. */
  decrBy(key: t.Key, decrement: t.Numeric): t.Integer;
  /**
   * Deletes keys and returns how many there were.
   *
   * `DEL`, since Redis 1.0.0, O(N) in the number of keys.
   */
  del(...keys: t.Many<t.Key>): t.Integer;
  /**
   * Deletes a key, perhaps only if its string, or the digest of that, is or is not a given one.
   *
   * `DELEX`, since Redis 8.4.0, O(1); O(N) in the length of the string for digests.
   */
  delex: t.WithOptions<[key: t.Key], { IFEQ?: Value; IFNE?: Value; IFDEQ?: Value; IFDNE?: Value }, t.Integer>;
  /** The same as {@link delex}. */
  delEx: t.WithOptions<[key: t.Key], { IFEQ?: Value; IFNE?: Value; IFDEQ?: Value; IFDNE?: Value }, t.Integer>;
  /**
   * Deletes a key if it holds a given string.
   *
   * `DELIFEQ`, Valkey's own, O(1).
   */
  delifeq(key: t.Key, value: Value): t.Integer;
  /**
   * Returns the XXH3 hash of a string in hexadecimal.
   *
   * `DIGEST`, since Redis 8.4.0, O(N) in the length of the string.
   */
  digest(key: t.Key): string | null;
  /**
   * Returns the value of a key in serialised form, for RESTORE.
   *
   * `DUMP`, since Redis 2.6.0, O(N) in the size of the value.
   */
  dump(key: t.Key): string | null;
  /**
   * Replies with the given message.
   *
   * `ECHO`, since Redis 1.0.0, O(1).
   */
  echo(message: Value): string;
  /**
   * Runs a Lua script.
   *
   * `EVAL`, since Redis 2.6.0, That of the script.
   */
  eval(script: Value, ...args: t.ScriptArguments): Reply;
  /**
   * Runs the Lua script with this SHA-1 digest, which must be kept already.
   *
   * `EVALSHA`, since Redis 2.6.0, That of the script.
   */
  evalsha(sha1: Value, ...args: t.ScriptArguments): Reply;
  /** The same as {@link evalsha}. */
  evalSha(sha1: Value, ...args: t.ScriptArguments): Reply;
  /**
   * Runs the Lua script with this SHA-1 digest, which must not write.
   *
   * `EVALSHA_RO`, since Redis 7.0.0, That of the script.
   */
  evalsha_ro(sha1: Value, ...args: t.ScriptArguments): Reply;
  /** The same as {@link evalsha_ro}. */
  evalShaRo(sha1: Value, ...args: t.ScriptArguments): Reply;
  /**
   * Runs a Lua script that must not write.
   *
   * `EVAL_RO`, since Redis 7.0.0, That of the script.
   */
  eval_ro(script: Value, ...args: t.ScriptArguments): Reply;
  /** The same as {@link eval_ro}. */
  evalRo(script: Value, ...args: t.ScriptArguments): Reply;
  /**
   * Returns how many of the keys exist; a key named twice counts twice.
   *
   * `EXISTS`, since Redis 1.0.0, O(N) in the number of keys.
   */
  exists(...keys: t.Many<t.Key>): t.Integer;
  /**
   * Lets a key expire after so many seconds.
   *
   * `EXPIRE`, since Redis 1.0.0, O(1).
   */
  expire(key: t.Key, seconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /**
   * Lets a key expire at a unix time in seconds.
   *
   * `EXPIREAT`, since Redis 1.2.0, O(1).
   */
  expireat(key: t.Key, unixTimeSeconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /** The same as {@link expireat}. */
  expireAt(key: t.Key, unixTimeSeconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /**
   * Returns the unix time in seconds at which a key expires.
   *
   * `EXPIRETIME`, since Redis 7.0.0, O(1).
   */
  expiretime(key: t.Key): t.Integer;
  /** The same as {@link expiretime}. */
  expireTime(key: t.Key): t.Integer;
  /**
   * Fails: there is no replica that could take over.
   *
   * `FAILOVER`, since Redis 6.2.0, O(1).
   */
  failover(...args: t.Argument[]): 'OK';
  /**
   * Calls a function.
   *
   * `FCALL`, since Redis 7.0.0, That of the function.
   */
  fcall(functionName: Value, ...args: t.ScriptArguments): Reply;
  /** The same as {@link fcall}. */
  fCall(functionName: Value, ...args: t.ScriptArguments): Reply;
  /**
   * Calls a function that must not write.
   *
   * `FCALL_RO`, since Redis 7.0.0, That of the function.
   */
  fcall_ro(functionName: Value, ...args: t.ScriptArguments): Reply;
  /** The same as {@link fcall_ro}. */
  fCallRo(functionName: Value, ...args: t.ScriptArguments): Reply;
  /**
   * Deletes all keys of all databases.
   *
   * `FLUSHALL`, since Redis 1.0.0, O(1); the memory is given back later.
   */
  flushall(flushType?: t.Word<'ASYNC' | 'SYNC'>): 'OK';
  /** The same as {@link flushall}. */
  flushAll(flushType?: t.Word<'ASYNC' | 'SYNC'>): 'OK';
  /**
   * Deletes all keys of the database.
   *
   * `FLUSHDB`, since Redis 1.0.0, O(1); the memory is given back later.
   */
  flushdb(flushType?: t.Word<'ASYNC' | 'SYNC'>): 'OK';
  /** The same as {@link flushdb}. */
  flushDb(flushType?: t.Word<'ASYNC' | 'SYNC'>): 'OK';
  /**
   * Manages libraries of functions.
   *
   * `FUNCTION`, since Redis 7.0.0, That of the subcommand.
   */
  function(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Deletes a library and its functions.
   *
   * `FUNCTION DELETE`, since Redis 7.0.0, O(1).
   */
  functionDelete(libraryName: Value): 'OK';
  /**
   * Returns all libraries in serialised form.
   *
   * `FUNCTION DUMP`, since Redis 7.0.0, O(N) with N bytes of text.
   */
  functionDump(): string;
  /**
   * Deletes all libraries.
   *
   * `FUNCTION FLUSH`, since Redis 7.0.0, O(N) with N functions.
   */
  functionFlush(flushType?: t.Word<'ASYNC' | 'SYNC'>): 'OK';
  /**
   * Lists the subcommands.
   *
   * `FUNCTION HELP`, since Redis 7.0.0, O(1).
   */
  functionHelp(): string[];
  /**
   * Ends the function that is running, if it has written nothing.
   *
   * `FUNCTION KILL`, since Redis 7.0.0, O(1).
   */
  functionKill(): 'OK';
  /**
   * Describes libraries and their functions.
   *
   * `FUNCTION LIST`, since Redis 7.0.0, O(N) with N functions.
   */
  functionList: t.WithOptions<[], { LIBRARYNAME?: Value; WITHCODE?: boolean }, { [key: string]: Reply }[]>;
  /**
   * Adds a library of functions.
   *
   * `FUNCTION LOAD`, since Redis 7.0.0, O(N) with N bytes of text.
   */
  functionLoad(...args: [first: t.Argument, ...more: t.Argument[]]): string;
  /**
   * Adds the libraries of a payload of FUNCTION DUMP.
   *
   * `FUNCTION RESTORE`, since Redis 7.0.0, O(N) with N bytes of text.
   */
  functionRestore(serializedValue: Value, policy?: t.Word<'FLUSH' | 'APPEND' | 'REPLACE'>): 'OK';
  /**
   * Tells what is running, and how many functions there are.
   *
   * `FUNCTION STATS`, since Redis 7.0.0, O(1).
   */
  functionStats(): { [key: string]: Reply };
  /**
   * Adds members with their locations to a sorted set, or moves them.
   *
   * `GEOADD`, since Redis 3.2.0, O(log(N)) for each member, with N members in the set.
   */
  geoadd(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /** The same as {@link geoadd}. */
  geoAdd(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /**
   * Returns the distance between the locations of two members.
   *
   * `GEODIST`, since Redis 3.2.0, O(1).
   */
  geodist(key: t.Key, member1: Value, member2: Value, unit?: t.Word<'M' | 'KM' | 'FT' | 'MI'>): string | null;
  /** The same as {@link geodist}. */
  geoDist(key: t.Key, member1: Value, member2: Value, unit?: t.Word<'M' | 'KM' | 'FT' | 'MI'>): string | null;
  /**
   * Returns the locations of members as geohash strings.
   *
   * `GEOHASH`, since Redis 3.2.0, O(1) for each member.
   */
  geohash(key: t.Key, ...members: t.OneOrMore<Value>[]): (string | null)[];
  /** The same as {@link geohash}. */
  geoHash(key: t.Key, ...members: t.OneOrMore<Value>[]): (string | null)[];
  /**
   * Returns the longitudes and latitudes of members.
   *
   * `GEOPOS`, since Redis 3.2.0, O(1) for each member.
   */
  geopos(key: t.Key, ...members: t.OneOrMore<Value>[]): (number[] | null)[];
  /** The same as {@link geopos}. */
  geoPos(key: t.Key, ...members: t.OneOrMore<Value>[]): (number[] | null)[];
  /**
   * Finds the members within a distance of a location, or stores them.
   *
   * `GEORADIUS`, since Redis 3.2.0, O(N+log(M)) with N members in the searched cells and M in the set.
   *
   * @deprecated since Redis 6.2.0: use `GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument
   */
  georadius: t.ByOption<[key: t.Key, longitude: t.Numeric, latitude: t.Numeric, radius: t.Numeric, unit: t.Word<'M' | 'KM' | 'FT' | 'MI'>], { WITHCOORD?: boolean; WITHDIST?: boolean; WITHHASH?: boolean; COUNT?: t.Numeric; ANY?: boolean; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC'; STORE?: t.Key; STOREDIST?: t.Key }, [{ without: 'STORE' | 'STOREDIST' | 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: string[] }, { with: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: Reply[][] }, { with: 'STORE' | 'STOREDIST'; is: t.Integer }], string[] | Reply[][] | t.Integer>;
  /** The same as {@link georadius}. */
  geoRadius: Commands['georadius'];
  /**
   * Finds the members within a distance of another member, or stores them.
   *
   * `GEORADIUSBYMEMBER`, since Redis 3.2.0, O(N+log(M)) with N members in the searched cells and M in the set.
   *
   * @deprecated since Redis 6.2.0: use `GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments
   */
  georadiusbymember: t.ByOption<[key: t.Key, member: Value, radius: t.Numeric, unit: t.Word<'M' | 'KM' | 'FT' | 'MI'>], { WITHCOORD?: boolean; WITHDIST?: boolean; WITHHASH?: boolean; COUNT?: t.Numeric; ANY?: boolean; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC'; STORE?: t.Key; STOREDIST?: t.Key }, [{ without: 'STORE' | 'STOREDIST' | 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: string[] }, { with: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: Reply[][] }, { with: 'STORE' | 'STOREDIST'; is: t.Integer }], string[] | Reply[][] | t.Integer>;
  /** The same as {@link georadiusbymember}. */
  geoRadiusByMember: Commands['georadiusbymember'];
  /**
   * Finds the members within a distance of another member.
   *
   * `GEORADIUSBYMEMBER_RO`, since Redis 3.2.10, O(N+log(M)) with N members in the searched cells and M in the set.
   *
   * @deprecated since Redis 6.2.0: use `GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments
   */
  georadiusbymember_ro: t.ByOption<[key: t.Key, member: Value, radius: t.Numeric, unit: t.Word<'M' | 'KM' | 'FT' | 'MI'>], { WITHCOORD?: boolean; WITHDIST?: boolean; WITHHASH?: boolean; COUNT?: t.Numeric; ANY?: boolean; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC' }, [{ without: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: string[] }, { with: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: Reply[][] }], string[] | Reply[][]>;
  /** The same as {@link georadiusbymember_ro}. */
  geoRadiusByMemberRo: Commands['georadiusbymember_ro'];
  /**
   * Finds the members within a distance of a location.
   *
   * `GEORADIUS_RO`, since Redis 3.2.10, O(N+log(M)) with N members in the searched cells and M in the set.
   *
   * @deprecated since Redis 6.2.0: use `GEOSEARCH` with the `BYRADIUS` argument
   */
  georadius_ro: t.ByOption<[key: t.Key, longitude: t.Numeric, latitude: t.Numeric, radius: t.Numeric, unit: t.Word<'M' | 'KM' | 'FT' | 'MI'>], { WITHCOORD?: boolean; WITHDIST?: boolean; WITHHASH?: boolean; COUNT?: t.Numeric; ANY?: boolean; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC' }, [{ without: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: string[] }, { with: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: Reply[][] }], string[] | Reply[][]>;
  /** The same as {@link georadius_ro}. */
  geoRadiusRo: Commands['georadius_ro'];
  /**
   * Finds the members within a circle or a rectangle.
   *
   * `GEOSEARCH`, since Redis 6.2.0, O(N+log(M)) with N members in the searched cells and M in the set.
   */
  geosearch: t.ByOption<[key: t.Key], { FROMMEMBER?: Value; FROMLONLAT?: { longitude: t.Numeric; latitude: t.Numeric }; BYRADIUS?: { radius: t.Numeric; unit: t.Word<'M' | 'KM' | 'FT' | 'MI'> }; BYBOX?: { width: t.Numeric; height: t.Numeric; unit: t.Word<'M' | 'KM' | 'FT' | 'MI'> }; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC'; COUNT?: t.Numeric; ANY?: boolean; WITHCOORD?: boolean; WITHDIST?: boolean; WITHHASH?: boolean }, [{ without: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: string[] }, { with: 'WITHCOORD' | 'WITHDIST' | 'WITHHASH'; is: Reply[][] }], string[] | Reply[][], [key: t.Key, first: t.Argument, ...more: t.Argument[]]>;
  /** The same as {@link geosearch}. */
  geoSearch: Commands['geosearch'];
  /**
   * Stores the members within a circle or a rectangle.
   *
   * `GEOSEARCHSTORE`, since Redis 6.2.0, O(N+log(M)) with N members in the searched cells and M in the set.
   */
  geosearchstore(destination: t.Key, source: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /** The same as {@link geosearchstore}. */
  geoSearchStore(destination: t.Key, source: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /**
   * Returns the string at a key.
   *
   * `GET`, since Redis 1.0.0, O(1).
   */
  get(key: t.Key): string | null;
  /**
   * Returns the bit at a position of a string.
   *
   * `GETBIT`, since Redis 2.2.0, O(1).
   */
  getbit(key: t.Key, offset: t.Numeric): t.Integer;
  /** The same as {@link getbit}. */
  getBit(key: t.Key, offset: t.Numeric): t.Integer;
  /**
   * Returns the string at a key and deletes the key.
   *
   * `GETDEL`, since Redis 6.2.0, O(1).
   */
  getdel(key: t.Key): string | null;
  /** The same as {@link getdel}. */
  getDel(key: t.Key): string | null;
  /**
   * Returns the string at a key and sets or clears its deadline.
   *
   * `GETEX`, since Redis 6.2.0, O(1).
   */
  getex: t.WithOptions<[key: t.Key], { EX?: t.Numeric; PX?: t.Numeric; EXAT?: t.Time; PXAT?: t.Time; PERSIST?: boolean; expiration?: { type: 'EX' | 'PX' | 'EXAT' | 'PXAT'; value: t.Time } | 'PERSIST' | { type: 'PERSIST' } }, string | null>;
  /** The same as {@link getex}. */
  getEx: t.WithOptions<[key: t.Key], { EX?: t.Numeric; PX?: t.Numeric; EXAT?: t.Time; PXAT?: t.Time; PERSIST?: boolean; expiration?: { type: 'EX' | 'PX' | 'EXAT' | 'PXAT'; value: t.Time } | 'PERSIST' | { type: 'PERSIST' } }, string | null>;
  /**
   * Returns the part of a string between two positions, both included.
   *
   * `GETRANGE`, since Redis 2.4.0, O(N) in the length of the part.
   */
  getrange(key: t.Key, start: t.Numeric, end: t.Numeric): string;
  /** The same as {@link getrange}. */
  getRange(key: t.Key, start: t.Numeric, end: t.Numeric): string;
  /**
   * Sets a key to a string and returns the one it held before.
   *
   * `GETSET`, since Redis 1.0.0, O(1).
   *
   * @deprecated since Redis 6.2.0: use `SET` with the `GET` argument
   */
  getset(key: t.Key, value: Value): string | null;
  /** The same as {@link getset}. */
  getSet(key: t.Key, value: Value): string | null;
  /**
   * Removes fields from a hash; the key goes with the last one.
   *
   * `HDEL`, since Redis 2.0.0, O(N) where N is the number of fields given.
   */
  hdel(key: t.Key, ...fields: t.Many<Value>): t.Integer;
  /** The same as {@link hdel}. */
  hDel(key: t.Key, ...fields: t.Many<Value>): t.Integer;
  /**
   * Tells whether a hash has a field.
   *
   * `HEXISTS`, since Redis 2.0.0, O(1).
   */
  hexists(key: t.Key, field: Value): t.Integer;
  /** The same as {@link hexists}. */
  hExists(key: t.Key, field: Value): t.Integer;
  /**
   * Lets fields of a hash expire after so many seconds.
   *
   * `HEXPIRE`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hexpire: t.Overloads<[[[key: t.Key, seconds: t.Numeric, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, seconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /** The same as {@link hexpire}. */
  hExpire: t.Overloads<[[[key: t.Key, seconds: t.Numeric, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, seconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /**
   * Lets fields of a hash expire at a unix time in seconds.
   *
   * `HEXPIREAT`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hexpireat: t.Overloads<[[[key: t.Key, unixTimeSeconds: t.Time, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, unixTimeSeconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /** The same as {@link hexpireat}. */
  hExpireAt: t.Overloads<[[[key: t.Key, unixTimeSeconds: t.Time, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, unixTimeSeconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /**
   * Returns the unix times in seconds at which fields of a hash expire.
   *
   * `HEXPIRETIME`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hexpiretime(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /** The same as {@link hexpiretime}. */
  hExpireTime(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Returns the value of a field of a hash.
   *
   * `HGET`, since Redis 2.0.0, O(1).
   */
  hget(key: t.Key, field: Value): string | null;
  /** The same as {@link hget}. */
  hGet(key: t.Key, field: Value): string | null;
  /**
   * Returns all fields of a hash with their values.
   *
   * `HGETALL`, since Redis 2.0.0, O(N) where N is the size of the hash.
   */
  hgetall(key: t.Key): { [key: string]: string };
  /** The same as {@link hgetall}. */
  hGetAll(key: t.Key): { [key: string]: string };
  /**
   * Returns the values of fields of a hash and removes them.
   *
   * `HGETDEL`, since Redis 8.0.0, O(N) where N is the number of fields given.
   */
  hgetdel(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): (string | null)[];
  /** The same as {@link hgetdel}. */
  hGetDel(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): (string | null)[];
  /**
   * Returns the values of fields of a hash, and sets or clears when they expire.
   *
   * `HGETEX`, since Redis 8.0.0, O(N) where N is the number of fields given.
   */
  hgetex(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): (string | null)[];
  /** The same as {@link hgetex}. */
  hGetEx(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): (string | null)[];
  /**
   * Adds to the integer in a field of a hash; a missing field counts as 0.
   *
   * `HINCRBY`, since Redis 2.0.0, O(1).
   */
  hincrby(key: t.Key, field: Value, increment: t.Numeric): t.Integer;
  /** The same as {@link hincrby}. */
  hIncrBy(key: t.Key, field: Value, increment: t.Numeric): t.Integer;
  /**
   * Adds to the floating-point number in a field of a hash; a missing field counts as 0.
   *
   * `HINCRBYFLOAT`, since Redis 2.6.0, O(1).
   */
  hincrbyfloat(key: t.Key, field: Value, increment: t.Numeric): string;
  /** The same as {@link hincrbyfloat}. */
  hIncrByFloat(key: t.Key, field: Value, increment: t.Numeric): string;
  /**
   * Returns all fields of a hash.
   *
   * `HKEYS`, since Redis 2.0.0, O(N) where N is the size of the hash.
   */
  hkeys(key: t.Key): string[];
  /** The same as {@link hkeys}. */
  hKeys(key: t.Key): string[];
  /**
   * Returns the number of fields of a hash.
   *
   * `HLEN`, since Redis 2.0.0, O(1).
   */
  hlen(key: t.Key): t.Integer;
  /** The same as {@link hlen}. */
  hLen(key: t.Key): t.Integer;
  /**
   * Returns the values of several fields of a hash.
   *
   * `HMGET`, since Redis 2.0.0, O(N) where N is the number of fields given.
   */
  hmget(key: t.Key, ...fields: t.Many<Value>): (string | null)[];
  /** The same as {@link hmget}. */
  hMGet(key: t.Key, ...fields: t.Many<Value>): (string | null)[];
  /**
   * Sets several fields of a hash.
   *
   * `HMSET`, since Redis 2.0.0, O(N) where N is the number of fields given.
   *
   * @deprecated since Redis 4.0.0: use `HSET` with multiple field-value pairs
   */
  hmset(key: t.Key, ...pairs: t.Pairs): 'OK';
  /** The same as {@link hmset}. */
  hMSet(key: t.Key, ...pairs: t.Pairs): 'OK';
  /**
   * Lets fields of a hash no longer expire.
   *
   * `HPERSIST`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hpersist(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /** The same as {@link hpersist}. */
  hPersist(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Lets fields of a hash expire after so many milliseconds.
   *
   * `HPEXPIRE`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hpexpire: t.Overloads<[[[key: t.Key, milliseconds: t.Numeric, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, milliseconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /** The same as {@link hpexpire}. */
  hpExpire: t.Overloads<[[[key: t.Key, milliseconds: t.Numeric, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, milliseconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /**
   * Lets fields of a hash expire at a unix time in milliseconds.
   *
   * `HPEXPIREAT`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hpexpireat: t.Overloads<[[[key: t.Key, unixTimeMilliseconds: t.Time, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, unixTimeMilliseconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /** The same as {@link hpexpireat}. */
  hpExpireAt: t.Overloads<[[[key: t.Key, unixTimeMilliseconds: t.Time, ...args: [first: t.Argument, ...more: t.Argument[]]], t.Integer[]], [[key: t.Key, fields: t.OneOrMore<Value>, unixTimeMilliseconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>], t.Integer[]]]>;
  /**
   * Returns the unix times in milliseconds at which fields of a hash expire.
   *
   * `HPEXPIRETIME`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hpexpiretime(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /** The same as {@link hpexpiretime}. */
  hpExpireTime(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Returns how many milliseconds are left until fields of a hash expire.
   *
   * `HPTTL`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  hpttl(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /** The same as {@link hpttl}. */
  hpTTL(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Returns one random field of a hash, or several; a negative count allows repeated ones.
   *
   * `HRANDFIELD`, since Redis 6.2.0, O(N) where N is the number of fields returned.
   */
  hrandfield: t.ByCountAndWord<[key: t.Key], 'WITHVALUES', string | null, string[], [string, string][]>;
  /** The same as {@link hrandfield}. */
  hRandField: Commands['hrandfield'];
  /**
   * Walks through the fields of a hash step by step.
   *
   * `HSCAN`, since Redis 2.8.0, O(1) for each call, O(N) for a whole round, where N is the size of the hash.
   */
  hscan: t.WithOptions<[key: t.Key, cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric; NOVALUES?: boolean }, [string, string[]]>;
  /** The same as {@link hscan}. */
  hScan: t.WithOptions<[key: t.Key, cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric; NOVALUES?: boolean }, [string, string[]]>;
  /**
   * Sets fields of a hash, and returns how many are new.
   *
   * `HSET`, since Redis 2.0.0, O(N) where N is the number of fields given.
   */
  hset(key: t.Key, ...pairs: t.Pairs): t.Integer;
  /** The same as {@link hset}. */
  hSet(key: t.Key, ...pairs: t.Pairs): t.Integer;
  /**
   * Sets fields of a hash, and when they expire.
   *
   * `HSETEX`, since Redis 8.0.0, O(N) where N is the number of fields given.
   */
  hsetex(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /** The same as {@link hsetex}. */
  hSetEx(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /**
   * Sets a field of a hash only when it does not exist.
   *
   * `HSETNX`, since Redis 2.0.0, O(1).
   */
  hsetnx(key: t.Key, field: Value, value: Value): t.Integer;
  /** The same as {@link hsetnx}. */
  hSetNX(key: t.Key, field: Value, value: Value): t.Integer;
  /**
   * Returns the length of the value of a field of a hash.
   *
   * `HSTRLEN`, since Redis 3.2.0, O(1).
   */
  hstrlen(key: t.Key, field: Value): t.Integer;
  /** The same as {@link hstrlen}. */
  hStrLen(key: t.Key, field: Value): t.Integer;
  /**
   * Returns how many seconds are left until fields of a hash expire.
   *
   * `HTTL`, since Redis 7.4.0, O(N) where N is the number of fields given.
   */
  httl(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /** The same as {@link httl}. */
  hTTL(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Returns the values of all fields of a hash.
   *
   * `HVALS`, since Redis 2.0.0, O(N) where N is the size of the hash.
   */
  hvals(key: t.Key): string[];
  /** The same as {@link hvals}. */
  hVals(key: t.Key): string[];
  /**
   * Adds one to the integer at a key; a missing key counts as 0.
   *
   * `INCR`, since Redis 1.0.0, O(1).
   */
  incr(key: t.Key): t.Integer;
  /**
   * Adds a number to the integer at a key; a missing key counts as 0.
   *
   * `INCRBY`, since Redis 1.0.0, O(1).
   */
  incrby(key: t.Key, increment: t.Numeric): t.Integer;
  /** The same as {@link incrby}. */
  incrBy(key: t.Key, increment: t.Numeric): t.Integer;
  /**
   * Adds a floating-point number to the number at a key; a missing key counts as 0.
   *
   * `INCRBYFLOAT`, since Redis 2.6.0, O(1).
   */
  incrbyfloat(key: t.Key, increment: t.Numeric): string;
  /** The same as {@link incrbyfloat}. */
  incrByFloat(key: t.Key, increment: t.Numeric): string;
  /**
   * Adds to the number at a key within bounds, and sets, keeps or clears its deadline.
   *
   * `INCREX`, since Redis 8.8.0, O(1).
   */
  increx: t.WithOptions<[key: t.Key], { BYFLOAT?: t.Numeric; BYINT?: t.Numeric; SATURATE?: boolean; LBOUND?: Value; UBOUND?: Value; EX?: t.Numeric; PX?: t.Numeric; EXAT?: t.Time; PXAT?: t.Time; PERSIST?: boolean; expiration?: { type: 'EX' | 'PX' | 'EXAT' | 'PXAT'; value: t.Time } | 'PERSIST' | { type: 'PERSIST' }; ENX?: boolean }, t.Integer[] | number[]>;
  /**
   * Returns the state of the server, in sections.
   *
   * `INFO`, since Redis 1.0.0, O(1).
   */
  info(...sections: t.OneOrMore<Value>[]): string;
  /**
   * Returns all keys that match a pattern.
   *
   * `KEYS`, since Redis 1.0.0, O(N) in the number of keys.
   */
  keys(pattern: Value): string[];
  /**
   * Returns the unix time of the last save, or of the beginning.
   *
   * `LASTSAVE`, since Redis 1.0.0, O(1).
   */
  lastsave(): t.Integer;
  /** The same as {@link lastsave}. */
  lastSave(): t.Integer;
  /**
   * Tells when commands took long.
   *
   * `LATENCY`, since Redis 2.8.13, O(1).
   */
  latency(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Tells in words what took long.
   *
   * `LATENCY DOCTOR`, since Redis 2.8.13, O(1).
   */
  latencyDoctor(): string;
  /**
   * Draws when an event took long.
   *
   * `LATENCY GRAPH`, since Redis 2.8.13, O(1).
   */
  latencyGraph(event: Value): string;
  /**
   * Lists the subcommands.
   *
   * `LATENCY HELP`, since Redis 2.8.13, O(1).
   */
  latencyHelp(): string[];
  /**
   * Returns how long commands take.
   *
   * `LATENCY HISTOGRAM`, since Redis 7.0.0, O(N) in the number of commands.
   */
  latencyHistogram(...commands: t.OneOrMore<Value>[]): { [key: string]: { [key: string]: Reply } };
  /**
   * Returns when an event took how long.
   *
   * `LATENCY HISTORY`, since Redis 2.8.13, O(1).
   */
  latencyHistory(event: Value): [time: t.Integer, milliseconds: t.Integer][];
  /**
   * Returns the latest time of each event.
   *
   * `LATENCY LATEST`, since Redis 2.8.13, O(1).
   */
  latencyLatest(): [event: string, time: t.Integer, latest: t.Integer, greatest: t.Integer][];
  /**
   * Forgets some events, or all of them.
   *
   * `LATENCY RESET`, since Redis 2.8.13, O(1).
   */
  latencyReset(...events: t.OneOrMore<Value>[]): t.Integer;
  /**
   * Finds the longest common subsequence of two strings.
   *
   * `LCS`, since Redis 7.0.0, O(N*M) in the lengths of the two strings.
   */
  lcs: t.ByOption<[key1: t.Key, key2: t.Key], { LEN?: boolean; IDX?: boolean; MINMATCHLEN?: t.Numeric; WITHMATCHLEN?: boolean }, [{ without: 'LEN' | 'IDX'; is: string }, { with: 'LEN'; is: t.Integer }, { with: 'IDX'; is: { [key: string]: Reply } }], string | t.Integer | { [key: string]: Reply }>;
  /**
   * Returns the element at an index.
   *
   * `LINDEX`, since Redis 1.0.0, O(N) with N chunks of elements up to the index; O(1) at both ends.
   */
  lindex(key: t.Key, index: t.Numeric): string | null;
  /** The same as {@link lindex}. */
  lIndex(key: t.Key, index: t.Numeric): string | null;
  /**
   * Puts an element before or after the first one that equals the pivot.
   *
   * `LINSERT`, since Redis 2.2.0, O(N) with N elements up to the pivot.
   */
  linsert(key: t.Key, where: t.Word<'BEFORE' | 'AFTER'>, pivot: Value, element: Value): t.Integer;
  /** The same as {@link linsert}. */
  lInsert(key: t.Key, where: t.Word<'BEFORE' | 'AFTER'>, pivot: Value, element: Value): t.Integer;
  /**
   * Returns the number of elements of a list.
   *
   * `LLEN`, since Redis 1.0.0, O(1).
   */
  llen(key: t.Key): t.Integer;
  /** The same as {@link llen}. */
  lLen(key: t.Key): t.Integer;
  /**
   * Moves an element from an end of one list to an end of another and replies with it.
   *
   * `LMOVE`, since Redis 6.2.0, O(1).
   */
  lmove(source: t.Key, destination: t.Key, wherefrom: t.Word<'LEFT' | 'RIGHT'>, whereto: t.Word<'LEFT' | 'RIGHT'>): string | null;
  /** The same as {@link lmove}. */
  lMove(source: t.Key, destination: t.Key, wherefrom: t.Word<'LEFT' | 'RIGHT'>, whereto: t.Word<'LEFT' | 'RIGHT'>): string | null;
  /**
   * Moves several elements from an end of one list to an end of another and replies with them.
   *
   * `LMOVEM`, since Redis 8.10.0, O(N) with N elements moved.
   */
  lmovem(source: t.Key, destination: t.Key, wherefrom: t.Word<'LEFT' | 'RIGHT'>, whereto: t.Word<'LEFT' | 'RIGHT'>, ...args: t.Argument[]): string[] | null;
  /**
   * Pops elements from the first list that is not empty.
   *
   * `LMPOP`, since Redis 7.0.0, O(N+M) with N keys and M elements popped.
   */
  lmpop(...args: t.KeysOr): [string, string[]] | null;
  /** The same as {@link lmpop}. */
  lmPop(...args: t.KeysOr): [string, string[]] | null;
  /**
   * Returns the version of Redis that the engine behaves as.
   *
   * `LOLWUT`, since Redis 5.0.0, O(1).
   */
  lolwut: t.WithOptions<[], { VERSION?: t.Numeric }, string>;
  /**
   * Removes elements from the front of a list and replies with them.
   *
   * `LPOP`, since Redis 1.0.0, O(N) with N elements popped.
   */
  lpop: t.ByCount<[key: t.Key], string | null, string[] | null>;
  /** The same as {@link lpop}. */
  lPop: Commands['lpop'];
  /**
   * Returns the indexes of elements that equal a value.
   *
   * `LPOS`, since Redis 6.0.6, O(N) with N elements compared.
   */
  lpos: t.ByOption<[key: t.Key, element: Value], { RANK?: t.Numeric; COUNT?: t.Numeric; MAXLEN?: t.Numeric }, [{ without: 'COUNT'; is: t.Integer | null }, { with: 'COUNT'; is: t.Integer[] }], t.Integer | null | t.Integer[]>;
  /** The same as {@link lpos}. */
  lPos: Commands['lpos'];
  /**
   * Puts elements at the front of a list, one after the other; the key is created when it does not exist.
   *
   * `LPUSH`, since Redis 1.0.0, O(1) per element, so O(N) for N elements.
   */
  lpush(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /** The same as {@link lpush}. */
  lPush(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /**
   * Puts elements at the front of a list that exists.
   *
   * `LPUSHX`, since Redis 2.2.0, O(1) per element, so O(N) for N elements.
   */
  lpushx(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /** The same as {@link lpushx}. */
  lPushX(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /**
   * Returns the elements between two indexes, both included.
   *
   * `LRANGE`, since Redis 1.0.0, O(S+N) with S chunks of elements before the first one returned and N elements returned.
   */
  lrange(key: t.Key, start: t.Numeric, stop: t.Numeric): string[];
  /** The same as {@link lrange}. */
  lRange(key: t.Key, start: t.Numeric, stop: t.Numeric): string[];
  /**
   * Removes elements that equal a value: the first ones, the last ones or all.
   *
   * `LREM`, since Redis 1.0.0, O(N) with N elements.
   */
  lrem(key: t.Key, count: t.Numeric, element: Value): t.Integer;
  /** The same as {@link lrem}. */
  lRem(key: t.Key, count: t.Numeric, element: Value): t.Integer;
  /**
   * Replaces the element at an index.
   *
   * `LSET`, since Redis 1.0.0, O(N) with N chunks of elements up to the index; O(1) at both ends.
   */
  lset(key: t.Key, index: t.Numeric, element: Value): 'OK';
  /** The same as {@link lset}. */
  lSet(key: t.Key, index: t.Numeric, element: Value): 'OK';
  /**
   * Removes the elements outside two indexes.
   *
   * `LTRIM`, since Redis 1.0.0, O(N) with N elements removed.
   */
  ltrim(key: t.Key, start: t.Numeric, stop: t.Numeric): 'OK';
  /** The same as {@link ltrim}. */
  lTrim(key: t.Key, start: t.Numeric, stop: t.Numeric): 'OK';
  /**
   * Tells what keys and the server take.
   *
   * `MEMORY`, since Redis 4.0.0, O(1).
   */
  memory(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Tells in words what is remarkable about the use of memory.
   *
   * `MEMORY DOCTOR`, since Redis 4.0.0, O(1).
   */
  memoryDoctor(): string;
  /**
   * Lists the subcommands.
   *
   * `MEMORY HELP`, since Redis 4.0.0, O(1).
   */
  memoryHelp(): string[];
  /**
   * Returns what the allocator tells.
   *
   * `MEMORY MALLOC-STATS`, since Redis 4.0.0, O(1).
   */
  memoryMallocStats(): string;
  /**
   * Does nothing: the engine holds no freed memory back.
   *
   * `MEMORY PURGE`, since Redis 4.0.0, O(1).
   */
  memoryPurge(): 'OK';
  /**
   * Returns what the parts of the server take, in bytes.
   *
   * `MEMORY STATS`, since Redis 4.0.0, O(N) in the number of connections and of segments of the tables.
   */
  memoryStats(): { [key: string]: Reply };
  /**
   * Returns how many bytes a key takes with its value.
   *
   * `MEMORY USAGE`, since Redis 4.0.0, O(N) in the number of elements.
   */
  memoryUsage: t.WithOptions<[key: t.Key], { SAMPLES?: t.Numeric }, t.Integer | null>;
  /**
   * Returns the strings at several keys; null for those that hold none.
   *
   * `MGET`, since Redis 1.0.0, O(N) in the number of keys.
   */
  mget(...keys: t.Many<t.Key>): (string | null)[];
  /** The same as {@link mget}. */
  mGet(...keys: t.Many<t.Key>): (string | null)[];
  /**
   * Tells that there are no modules.
   *
   * `MODULE`, since Redis 4.0.0, O(1).
   */
  module(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Lists the subcommands.
   *
   * `MODULE HELP`, since Redis 5.0.0, O(1).
   */
  moduleHelp(): string[];
  /**
   * Returns the loaded modules, of which there are none.
   *
   * `MODULE LIST`, since Redis 4.0.0, O(1).
   */
  moduleList(): Reply[];
  /**
   * Fails: there are no modules.
   *
   * `MODULE LOAD`, since Redis 4.0.0, O(1).
   */
  moduleLoad(path: Value, ...args: t.OneOrMore<Value>[]): 'OK';
  /**
   * Fails: there are no modules.
   *
   * `MODULE LOADEX`, since Redis 7.0.0, O(1).
   */
  moduleLoadex: t.WithOptions<[path: Value], { CONFIG?: { name: Value; value: Value }; ARGS?: t.OneOrMore<Value> }, 'OK'>;
  /**
   * Fails: there are no modules.
   *
   * `MODULE UNLOAD`, since Redis 4.0.0, O(1).
   */
  moduleUnload(name: Value): 'OK';
  /**
   * Moves a key to another database.
   *
   * `MOVE`, since Redis 1.0.0, O(1).
   */
  move(key: t.Key, db: t.Numeric): t.Integer;
  /**
   * Sets several keys to strings at once.
   *
   * `MSET`, since Redis 1.0.1, O(N) in the number of keys.
   */
  mset(...pairs: t.Pairs): 'OK';
  /** The same as {@link mset}. */
  mSet(...pairs: t.Pairs): 'OK';
  /**
   * Sets several keys to strings with one deadline, perhaps only if all or none of them exist.
   *
   * `MSETEX`, since Redis 8.4.0, O(N) in the number of keys.
   */
  msetex(...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /** The same as {@link msetex}. */
  mSetEx(...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /**
   * Sets several keys to strings at once, but only if none of them exists.
   *
   * `MSETNX`, since Redis 1.0.1, O(N) in the number of keys.
   */
  msetnx(...pairs: t.Pairs): t.Integer;
  /** The same as {@link msetnx}. */
  mSetNX(...pairs: t.Pairs): t.Integer;
  /**
   * Tells how a value is stored and used.
   *
   * `OBJECT`, since Redis 2.2.3, O(1).
   */
  object(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Returns the form in which a value is stored.
   *
   * `OBJECT ENCODING`, since Redis 2.2.3, O(1).
   */
  objectEncoding(key: t.Key): string | null;
  /**
   * Returns how often a key was used lately, on a logarithmic scale.
   *
   * `OBJECT FREQ`, since Redis 4.0.0, O(1).
   */
  objectFreq(key: t.Key): t.Integer | null;
  /**
   * Lists the subcommands.
   *
   * `OBJECT HELP`, since Redis 6.2.0, O(1).
   */
  objectHelp(): string[];
  /**
   * Returns for how many seconds a key was not used.
   *
   * `OBJECT IDLETIME`, since Redis 2.2.3, O(1).
   */
  objectIdleTime(key: t.Key): t.Integer | null;
  /**
   * Returns how many references a value has.
   *
   * `OBJECT REFCOUNT`, since Redis 2.2.3, O(1).
   */
  objectRefCount(key: t.Key): t.Integer | null;
  /**
   * Lets a key no longer expire.
   *
   * `PERSIST`, since Redis 2.2.0, O(1).
   */
  persist(key: t.Key): t.Integer;
  /**
   * Lets a key expire after so many milliseconds.
   *
   * `PEXPIRE`, since Redis 2.6.0, O(1).
   */
  pexpire(key: t.Key, milliseconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /** The same as {@link pexpire}. */
  pExpire(key: t.Key, milliseconds: t.Numeric, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /**
   * Lets a key expire at a unix time in milliseconds.
   *
   * `PEXPIREAT`, since Redis 2.6.0, O(1).
   */
  pexpireat(key: t.Key, unixTimeMilliseconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /** The same as {@link pexpireat}. */
  pExpireAt(key: t.Key, unixTimeMilliseconds: t.Time, condition?: t.Word<'NX' | 'XX' | 'GT' | 'LT'>): t.Integer;
  /**
   * Returns the unix time in milliseconds at which a key expires.
   *
   * `PEXPIRETIME`, since Redis 7.0.0, O(1).
   */
  pexpiretime(key: t.Key): t.Integer;
  /** The same as {@link pexpiretime}. */
  pExpireTime(key: t.Key): t.Integer;
  /**
   * Adds elements to a sketch; tells whether its estimate may have changed.
   *
   * `PFADD`, since Redis 2.8.9, O(1) for each element.
   */
  pfadd(key: t.Key, ...elements: t.OneOrMore<Value>[]): t.Integer;
  /** The same as {@link pfadd}. */
  pfAdd(key: t.Key, ...elements: t.OneOrMore<Value>[]): t.Integer;
  /**
   * Estimates how many different elements were added to the union of several sketches.
   *
   * `PFCOUNT`, since Redis 2.8.9, O(N) in the number of keys; O(1) for one key that has not changed.
   */
  pfcount(...keys: t.Many<t.Key>): t.Integer;
  /** The same as {@link pfcount}. */
  pfCount(...keys: t.Many<t.Key>): t.Integer;
  /**
   * Shows how a sketch is stored, or stores it densely.
   *
   * `PFDEBUG`, since Redis 2.8.9, O(1).
   */
  pfdebug(subcommand: Value, key: t.Key): t.Integer[] | (string & {}) | 'OK' | t.Integer;
  /**
   * Makes a sketch the union of itself and others.
   *
   * `PFMERGE`, since Redis 2.8.9, O(N) in the number of keys.
   */
  pfmerge(destkey: t.Key, ...sourcekeys: t.OneOrMore<t.Key>[]): 'OK';
  /** The same as {@link pfmerge}. */
  pfMerge(destkey: t.Key, ...sourcekeys: t.OneOrMore<t.Key>[]): 'OK';
  /**
   * Checks that the registers of sketches work and that estimates are near.
   *
   * `PFSELFTEST`, since Redis 2.8.9, O(1), though it takes some milliseconds.
   */
  pfselftest(): 'OK';
  /**
   * Replies PONG, or the given message.
   *
   * `PING`, since Redis 1.0.0, O(1).
   */
  ping(message?: Value): string;
  /**
   * Sets a key to a string that expires after so many milliseconds.
   *
   * `PSETEX`, since Redis 2.6.0, O(1).
   *
   * @deprecated since Redis 2.6.12: use `SET` with the `PX` argument
   */
  psetex(key: t.Key, milliseconds: t.Numeric, value: Value): 'OK';
  /** The same as {@link psetex}. */
  pSetEx(key: t.Key, milliseconds: t.Numeric, value: Value): 'OK';
  /**
   * Returns how many milliseconds are left until a key expires.
   *
   * `PTTL`, since Redis 2.6.0, O(1).
   */
  pttl(key: t.Key): t.Integer;
  /** The same as {@link pttl}. */
  pTTL(key: t.Key): t.Integer;
  /**
   * Sends a message to all who listen to a channel.
   *
   * `PUBLISH`, since Redis 2.0.0, O(N+M) with N subscribers of the channel and M patterns of all clients.
   */
  publish(channel: Value, message: Value): t.Integer;
  /**
   * Tells about channels, patterns and their subscribers.
   *
   * `PUBSUB`, since Redis 2.8.0, Depends on the subcommand.
   */
  pubsub(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Names the channels that have subscribers.
   *
   * `PUBSUB CHANNELS`, since Redis 2.8.0, O(N) with N channels.
   */
  pubSubChannels(pattern?: Value): string[];
  /**
   * Describes the subcommands.
   *
   * `PUBSUB HELP`, since Redis 6.2.0, O(1).
   */
  pubsubHelp(): string[];
  /**
   * Counts the different patterns that have subscribers.
   *
   * `PUBSUB NUMPAT`, since Redis 2.8.0, O(1).
   */
  pubSubNumPat(): t.Integer;
  /**
   * Counts the subscribers of channels.
   *
   * `PUBSUB NUMSUB`, since Redis 2.8.0, O(N) with N channels asked for.
   */
  pubSubNumSub(...channels: t.OneOrMore<Value>[]): [string, t.Integer][];
  /**
   * Names the shard channels that have subscribers.
   *
   * `PUBSUB SHARDCHANNELS`, since Redis 7.0.0, O(N) with N shard channels.
   */
  pubSubShardChannels(pattern?: Value): string[];
  /**
   * Counts the subscribers of shard channels.
   *
   * `PUBSUB SHARDNUMSUB`, since Redis 7.0.0, O(N) with N shard channels asked for.
   */
  pubSubShardNumSub(...shardchannels: t.OneOrMore<Value>[]): [string, t.Integer][];
  /**
   * Returns a key chosen at random.
   *
   * `RANDOMKEY`, since Redis 1.0.0, O(1).
   */
  randomkey(): string | null;
  /** The same as {@link randomkey}. */
  randomKey(): string | null;
  /**
   * Fails: the server is no part of a cluster.
   *
   * `READONLY`, since Redis 3.0.0, O(1).
   */
  readonly(): 'OK';
  /** The same as {@link readonly}. */
  readOnly(): 'OK';
  /**
   * Fails: the server is no part of a cluster.
   *
   * `READWRITE`, since Redis 3.0.0, O(1).
   */
  readwrite(): 'OK';
  /** The same as {@link readwrite}. */
  readWrite(): 'OK';
  /**
   * Gives a key another name, replacing the key that had it.
   *
   * `RENAME`, since Redis 1.0.0, O(1).
   */
  rename(key: t.Key, newkey: t.Key): 'OK';
  /**
   * Gives a key another name, but only if no key has it.
   *
   * `RENAMENX`, since Redis 1.0.0, O(1).
   */
  renamenx(key: t.Key, newkey: t.Key): t.Integer;
  /** The same as {@link renamenx}. */
  renameNX(key: t.Key, newkey: t.Key): t.Integer;
  /**
   * Takes NO ONE, which the server is a replica of.
   *
   * `REPLICAOF`, since Redis 5.0.0, O(1).
   */
  replicaof(...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /** The same as {@link replicaof}. */
  replicaOf(...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Makes a key from a value in the serialised form that DUMP returns.
   *
   * `RESTORE`, since Redis 2.6.0, O(N) in the size of the value, O(N log N) for a sorted set.
   */
  restore: t.WithOptions<[key: t.Key, ttl: t.Numeric, serializedValue: Value], { REPLACE?: boolean; ABSTTL?: boolean; IDLETIME?: t.Numeric; FREQ?: t.Numeric }, 'OK'>;
  /**
   * Tells that the server is a master without replicas.
   *
   * `ROLE`, since Redis 2.8.12, O(1).
   */
  role(): [role: string, offset: t.Integer, replicas: Reply[]];
  /**
   * Removes elements from the end of a list and replies with them.
   *
   * `RPOP`, since Redis 1.0.0, O(N) with N elements popped.
   */
  rpop: t.ByCount<[key: t.Key], string | null, string[] | null>;
  /** The same as {@link rpop}. */
  rPop: Commands['rpop'];
  /**
   * Moves the last element of one list to the front of another and replies with it.
   *
   * `RPOPLPUSH`, since Redis 1.2.0, O(1).
   *
   * @deprecated since Redis 6.2.0: use `LMOVE` with the `RIGHT` and `LEFT` arguments
   */
  rpoplpush(source: t.Key, destination: t.Key): string | null;
  /** The same as {@link rpoplpush}. */
  rPopLPush(source: t.Key, destination: t.Key): string | null;
  /**
   * Puts elements at the end of a list; the key is created when it does not exist.
   *
   * `RPUSH`, since Redis 1.0.0, O(1) per element, so O(N) for N elements.
   */
  rpush(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /** The same as {@link rpush}. */
  rPush(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /**
   * Puts elements at the end of a list that exists.
   *
   * `RPUSHX`, since Redis 2.2.0, O(1) per element, so O(N) for N elements.
   */
  rpushx(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /** The same as {@link rpushx}. */
  rPushX(key: t.Key, ...elements: t.Many<Value>): t.Integer;
  /**
   * Adds members to a set, and returns how many are new.
   *
   * `SADD`, since Redis 1.0.0, O(N) where N is the number of members given.
   */
  sadd(key: t.Key, ...members: t.Many<Value>): t.Integer;
  /** The same as {@link sadd}. */
  sAdd(key: t.Key, ...members: t.Many<Value>): t.Integer;
  /**
   * Saves all data to a file, and nothing else meanwhile.
   *
   * `SAVE`, since Redis 1.0.0, O(1).
   */
  save(): 'OK';
  /**
   * Iterates over the keys; each key that is there throughout is returned exactly once.
   *
   * `SCAN`, since Redis 2.8.0, O(1) per call, O(N) for a whole iteration.
   */
  scan: t.WithOptions<[cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric; TYPE?: Value; WITHTYPE?: boolean }, [cursor: string, keys: string[]]>;
  /**
   * Returns the number of members of a set.
   *
   * `SCARD`, since Redis 1.0.0, O(1).
   */
  scard(key: t.Key): t.Integer;
  /** The same as {@link scard}. */
  sCard(key: t.Key): t.Integer;
  /**
   * Manages the scripts that are kept.
   *
   * `SCRIPT`, since Redis 2.6.0, That of the subcommand.
   */
  script(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Chooses how scripts are debugged, which changes nothing.
   *
   * `SCRIPT DEBUG`, since Redis 3.2.0, O(1).
   */
  scriptDebug(mode: t.Word<'YES' | 'SYNC' | 'NO'>): 'OK';
  /**
   * Tells which scripts are kept.
   *
   * `SCRIPT EXISTS`, since Redis 2.6.0, O(N) with N digests.
   */
  scriptExists(...sha1s: t.Many<Value>): t.Integer[];
  /**
   * Forgets all scripts.
   *
   * `SCRIPT FLUSH`, since Redis 2.6.0, O(N) with N scripts.
   */
  scriptFlush(flushType?: t.Word<'ASYNC' | 'SYNC'>): 'OK';
  /**
   * Lists the subcommands.
   *
   * `SCRIPT HELP`, since Redis 5.0.0, O(1).
   */
  scriptHelp(): string[];
  /**
   * Ends the script that is running, if it has written nothing.
   *
   * `SCRIPT KILL`, since Redis 2.6.0, O(1).
   */
  scriptKill(): 'OK';
  /**
   * Keeps a script for EVALSHA, without running it.
   *
   * `SCRIPT LOAD`, since Redis 2.6.0, O(N) with N bytes of text.
   */
  scriptLoad(script: Value): string;
  /**
   * Returns the text of a script that is kept.
   *
   * `SCRIPT SHOW`, Valkey's own, O(1).
   */
  scriptShow(sha1: Value): string;
  /**
   * Returns the members of the first set that no other set has.
   *
   * `SDIFF`, since Redis 1.0.0, O(N*M) where N is the size of the first set and M the number of sets.
   */
  sdiff(...keys: t.Many<t.Key>): string[];
  /** The same as {@link sdiff}. */
  sDiff(...keys: t.Many<t.Key>): string[];
  /**
   * Returns the number of members of the first set that no other set has, counted up to a limit.
   *
   * `SDIFFCARD`, since Redis 8.10.0, O(N*M) where N is the size of the first set and M the number of sets.
   */
  sdiffcard(...args: t.KeysOr): t.Integer;
  /**
   * Stores the members of the first set that no other set has, and returns their number.
   *
   * `SDIFFSTORE`, since Redis 1.0.0, O(N*M) where N is the size of the first set and M the number of sets.
   */
  sdiffstore(destination: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /** The same as {@link sdiffstore}. */
  sDiffStore(destination: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /**
   * Chooses the database that the connection works on.
   *
   * `SELECT`, since Redis 1.0.0, O(1).
   */
  select(index: t.Numeric): 'OK';
  /**
   * Sets a key to a string, whatever it held before, and optionally its deadline.
   *
   * `SET`, since Redis 1.0.0, O(1).
   */
  set: t.ByOption<[key: t.Key, value: Value], { NX?: boolean; XX?: boolean; IFEQ?: Value; IFNE?: Value; IFDEQ?: Value; IFDNE?: Value; condition?: 'NX' | 'XX'; GET?: boolean; EX?: t.Numeric; PX?: t.Numeric; EXAT?: t.Time; PXAT?: t.Time; KEEPTTL?: boolean; expiration?: { type: 'EX' | 'PX' | 'EXAT' | 'PXAT'; value: t.Time } | 'KEEPTTL' | { type: 'KEEPTTL' } }, [{ without: 'GET' | 'NX' | 'XX' | 'IFEQ' | 'IFNE' | 'IFDEQ' | 'IFDNE' | 'condition'; is: 'OK' }, { without: 'GET'; is: 'OK' | null }, { with: 'GET'; is: string | null }], 'OK' | null | (string & {})>;
  /**
   * Sets or clears the bit at a position of a string, and returns what it was.
   *
   * `SETBIT`, since Redis 2.2.0, O(1), plus the zeros in front of the bit when the string grows.
   */
  setbit(key: t.Key, offset: t.Numeric, value: t.Numeric): t.Integer;
  /** The same as {@link setbit}. */
  setBit(key: t.Key, offset: t.Numeric, value: t.Numeric): t.Integer;
  /**
   * Sets a key to a string that expires after so many seconds.
   *
   * `SETEX`, since Redis 2.0.0, O(1).
   *
   * @deprecated since Redis 2.6.12: use `SET` with the `EX` argument
   */
  setex(key: t.Key, seconds: t.Numeric, value: Value): 'OK';
  /** The same as {@link setex}. */
  setEx(key: t.Key, seconds: t.Numeric, value: Value): 'OK';
  /**
   * Sets a key to a string, but only if the key does not exist.
   *
   * `SETNX`, since Redis 1.0.0, O(1).
   *
   * @deprecated since Redis 2.6.12: use `SET` with the `NX` argument
   */
  setnx(key: t.Key, value: Value): t.Integer;
  /** The same as {@link setnx}. */
  setNX(key: t.Key, value: Value): t.Integer;
  /**
   * Overwrites a part of a string; bytes between its end and the part become zero.
   *
   * `SETRANGE`, since Redis 2.2.0, O(N) in the length of the part, plus the zeros in front of it.
   */
  setrange(key: t.Key, offset: t.Numeric, value: Value): t.Integer;
  /** The same as {@link setrange}. */
  setRange(key: t.Key, offset: t.Numeric, value: Value): t.Integer;
  /**
   * Saves what the settings say, and stops the server.
   *
   * `SHUTDOWN`, since Redis 1.0.0, O(1).
   */
  shutdown: t.WithOptions<[], { NOSAVE?: boolean; SAVE?: boolean; NOW?: boolean; FORCE?: boolean; ABORT?: boolean }, Reply>;
  /**
   * Returns the members that all sets have.
   *
   * `SINTER`, since Redis 1.0.0, O(N*M) where N is the size of the smallest set and M the number of sets.
   */
  sinter(...keys: t.Many<t.Key>): string[];
  /** The same as {@link sinter}. */
  sInter(...keys: t.Many<t.Key>): string[];
  /**
   * Returns the number of members that all sets have, counted up to a limit.
   *
   * `SINTERCARD`, since Redis 7.0.0, O(N*M) where N is the size of the smallest set and M the number of sets.
   */
  sintercard(...args: t.KeysOr): t.Integer;
  /** The same as {@link sintercard}. */
  sInterCard(...args: t.KeysOr): t.Integer;
  /**
   * Stores the members that all sets have, and returns their number.
   *
   * `SINTERSTORE`, since Redis 1.0.0, O(N*M) where N is the size of the smallest set and M the number of sets.
   */
  sinterstore(destination: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /** The same as {@link sinterstore}. */
  sInterStore(destination: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /**
   * Tells whether a set has a member.
   *
   * `SISMEMBER`, since Redis 1.0.0, O(1).
   */
  sismember(key: t.Key, member: Value): t.Integer;
  /** The same as {@link sismember}. */
  sIsMember(key: t.Key, member: Value): t.Integer;
  /**
   * Does what REPLICAOF does.
   *
   * `SLAVEOF`, since Redis 1.0.0, O(1).
   *
   * @deprecated since Redis 5.0.0: use `REPLICAOF`
   */
  slaveof(...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Tells which commands took long.
   *
   * `SLOWLOG`, since Redis 2.2.12, O(1).
   */
  slowlog(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Returns the latest commands that took long.
   *
   * `SLOWLOG GET`, since Redis 2.2.12, O(N) in the number of entries replied.
   */
  slowLogGet(count?: t.Numeric): [id: t.Integer, time: t.Integer, microseconds: t.Integer, arguments: string[], address: string, name: string][];
  /**
   * Lists the subcommands.
   *
   * `SLOWLOG HELP`, since Redis 6.2.0, O(1).
   */
  slowlogHelp(): string[];
  /**
   * Returns how many commands the log of slow ones holds.
   *
   * `SLOWLOG LEN`, since Redis 2.2.12, O(1).
   */
  slowLogLen(): t.Integer;
  /**
   * Empties the log of slow commands.
   *
   * `SLOWLOG RESET`, since Redis 2.2.12, O(N) in the number of entries.
   */
  slowLogReset(): 'OK';
  /**
   * Returns all members of a set.
   *
   * `SMEMBERS`, since Redis 1.0.0, O(N) where N is the size of the set.
   */
  smembers(key: t.Key): string[];
  /** The same as {@link smembers}. */
  sMembers(key: t.Key): string[];
  /**
   * Tells for each of several members whether a set has it.
   *
   * `SMISMEMBER`, since Redis 6.2.0, O(N) where N is the number of members given.
   */
  smismember(key: t.Key, ...members: t.Many<Value>): t.Integer[];
  /** The same as {@link smismember}. */
  smIsMember(key: t.Key, ...members: t.Many<Value>): t.Integer[];
  /**
   * Moves a member from one set to another.
   *
   * `SMOVE`, since Redis 1.0.0, O(1).
   */
  smove(source: t.Key, destination: t.Key, member: Value): t.Integer;
  /** The same as {@link smove}. */
  sMove(source: t.Key, destination: t.Key, member: Value): t.Integer;
  /**
   * Sorts the elements of a list, set or sorted set, and replies with them or stores them.
   *
   * `SORT`, since Redis 1.0.0, O(N+M*log(M)) for N elements of which M are returned.
   */
  sort: t.ByOption<[key: t.Key], { BY?: Value; LIMIT?: { offset: t.Numeric; count: t.Numeric }; GET?: t.OneOrMore<Value>; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC'; ALPHA?: boolean; STORE?: t.Key }, [{ without: 'STORE'; is: (string | null)[] }, { with: 'STORE'; is: t.Integer }], (string | null)[] | t.Integer>;
  /**
   * Sorts the elements of a list, set or sorted set, and replies with them.
   *
   * `SORT_RO`, since Redis 7.0.0, O(N+M*log(M)) for N elements of which M are returned.
   */
  sort_ro: t.WithOptions<[key: t.Key], { BY?: Value; LIMIT?: { offset: t.Numeric; count: t.Numeric }; GET?: t.OneOrMore<Value>; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC'; ALPHA?: boolean }, (string | null)[]>;
  /** The same as {@link sort_ro}. */
  sortRo: t.WithOptions<[key: t.Key], { BY?: Value; LIMIT?: { offset: t.Numeric; count: t.Numeric }; GET?: t.OneOrMore<Value>; ASC?: boolean; DESC?: boolean; DIRECTION?: 'ASC' | 'DESC'; ALPHA?: boolean }, (string | null)[]>;
  /**
   * Removes and returns one random member of a set, or several.
   *
   * `SPOP`, since Redis 1.0.0, O(1) without a count, otherwise O(N) where N is the count.
   */
  spop: t.ByCount<[key: t.Key], string | null, string[]>;
  /** The same as {@link spop}. */
  sPop: Commands['spop'];
  /**
   * Sends a message to all who listen to a shard channel.
   *
   * `SPUBLISH`, since Redis 7.0.0, O(N) with N subscribers of the shard channel.
   */
  spublish(shardchannel: Value, message: Value): t.Integer;
  /** The same as {@link spublish}. */
  sPublish(shardchannel: Value, message: Value): t.Integer;
  /**
   * Returns one random member of a set, or several; a negative count allows repeated ones.
   *
   * `SRANDMEMBER`, since Redis 1.0.0, O(1) without a count, otherwise O(N) where N is the count's amount.
   */
  srandmember: t.ByCount<[key: t.Key], string | null, string[]>;
  /** The same as {@link srandmember}. */
  sRandMember: Commands['srandmember'];
  /**
   * Removes members from a set; the key goes with the last one.
   *
   * `SREM`, since Redis 1.0.0, O(N) where N is the number of members given.
   */
  srem(key: t.Key, ...members: t.Many<Value>): t.Integer;
  /** The same as {@link srem}. */
  sRem(key: t.Key, ...members: t.Many<Value>): t.Integer;
  /**
   * Walks through the members of a set step by step.
   *
   * `SSCAN`, since Redis 2.8.0, O(1) for each call, O(N) for a whole round, where N is the size of the set.
   */
  sscan: t.WithOptions<[key: t.Key, cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric }, [string, string[]]>;
  /** The same as {@link sscan}. */
  sScan: t.WithOptions<[key: t.Key, cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric }, [string, string[]]>;
  /**
   * Returns the length of a string in bytes.
   *
   * `STRLEN`, since Redis 2.2.0, O(1).
   */
  strlen(key: t.Key): t.Integer;
  /** The same as {@link strlen}. */
  strLen(key: t.Key): t.Integer;
  /**
   * Returns the part of a string between two positions, both included.
   *
   * `SUBSTR`, since Redis 1.0.0, O(N) in the length of the part.
   *
   * @deprecated since Redis 2.0.0: use `GETRANGE`
   */
  substr(key: t.Key, start: t.Numeric, end: t.Numeric): string;
  /**
   * Returns the members that any of the sets has.
   *
   * `SUNION`, since Redis 1.0.0, O(N) where N is the number of members of all sets together.
   */
  sunion(...keys: t.Many<t.Key>): string[];
  /** The same as {@link sunion}. */
  sUnion(...keys: t.Many<t.Key>): string[];
  /**
   * Returns or estimates the number of members that any of the sets has, counted up to a limit.
   *
   * `SUNIONCARD`, since Redis 8.10.0, O(N) where N is the number of members of all sets together.
   */
  sunioncard(...args: t.KeysOr): t.Integer;
  /**
   * Stores the members that any of the sets has, and returns their number.
   *
   * `SUNIONSTORE`, since Redis 1.0.0, O(N) where N is the number of members of all sets together.
   */
  sunionstore(destination: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /** The same as {@link sunionstore}. */
  sUnionStore(destination: t.Key, ...keys: t.Many<t.Key>): t.Integer;
  /**
   * Swaps the keys of two databases.
   *
   * `SWAPDB`, since Redis 4.0.0, O(N) in the number of clients that watch or wait.
   */
  swapdb(index1: t.Numeric, index2: t.Numeric): 'OK';
  /** The same as {@link swapdb}. */
  swapDb(index1: t.Numeric, index2: t.Numeric): 'OK';
  /**
   * Returns the server's time.
   *
   * `TIME`, since Redis 2.6.0, O(1).
   */
  time(): [seconds: string, microseconds: string];
  /**
   * Marks keys as used and returns how many exist.
   *
   * `TOUCH`, since Redis 3.2.1, O(N) in the number of keys.
   */
  touch(...keys: t.Many<t.Key>): t.Integer;
  /**
   * Returns how many seconds are left until a key expires.
   *
   * `TTL`, since Redis 1.0.0, O(1).
   */
  ttl(key: t.Key): t.Integer;
  /**
   * Returns the type of the value at a key.
   *
   * `TYPE`, since Redis 1.0.0, O(1).
   */
  type(key: t.Key): string;
  /**
   * Deletes keys and returns how many there were.
   *
   * `UNLINK`, since Redis 4.0.0, O(1) per key; the memory is given back later.
   */
  unlink(...keys: t.Many<t.Key>): t.Integer;
  /**
   * Ends all watches.
   *
   * `UNWATCH`, since Redis 2.2.0, O(1).
   */
  unwatch(): 'OK';
  /**
   * Waits for replicas until the timeout, and returns how many there were: 0.
   *
   * `WAIT`, since Redis 3.0.0, O(1).
   */
  wait(numreplicas: t.Numeric, timeout: t.Numeric): t.Integer;
  /**
   * Waits until what was written is durable, or until the timeout, which no replica ends.
   *
   * `WAITAOF`, since Redis 7.2.0, O(1).
   */
  waitaof(numlocal: t.Numeric, numreplicas: t.Numeric, timeout: t.Numeric): [local: t.Integer, replicas: t.Integer];
  /**
   * Lets the next EXEC run only if these keys have not changed until then.
   *
   * `WATCH`, since Redis 2.2.0, O(log N) per key, with N watched keys.
   */
  watch(...keys: t.Many<t.Key>): 'OK';
  /**
   * Acknowledges entries of a group and returns how many were pending.
   *
   * `XACK`, since Redis 5.0.0, O(log(N)) per entry with N pending ones.
   */
  xack(key: t.Key, group: Value, ...ids: t.Many<Value>): t.Integer;
  /** The same as {@link xack}. */
  xAck(key: t.Key, group: Value, ...ids: t.Many<Value>): t.Integer;
  /**
   * Acknowledges entries of a group and deletes them, if other groups allow it.
   *
   * `XACKDEL`, since Redis 8.2.0, O(log(N)) per entry.
   */
  xackdel(key: t.Key, group: Value, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Appends an entry to a stream; the key is created when it does not exist.
   *
   * `XADD`, since Redis 5.0.0, O(1), and O(N) when N entries are trimmed.
   */
  xadd(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): string | null;
  /** The same as {@link xadd}. */
  xAdd(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): string | null;
  /**
   * Gives a consumer what others of its group have not acknowledged for long.
   *
   * `XAUTOCLAIM`, since Redis 6.2.0, O(log(N)) per entry with N pending ones.
   */
  xautoclaim: t.WithOptions<[key: t.Key, group: Value, consumer: Value, minIdleTime: Value, start: Value], { COUNT?: t.Numeric; JUSTID?: boolean }, [next: string, claimed: Reply[], deleted: string[]]>;
  /** The same as {@link xautoclaim}. */
  xAutoClaim: t.WithOptions<[key: t.Key, group: Value, consumer: Value, minIdleTime: Value, start: Value], { COUNT?: t.Numeric; JUSTID?: boolean }, [next: string, claimed: Reply[], deleted: string[]]>;
  /**
   * Gives a consumer entries that are pending for others of its group.
   *
   * `XCLAIM`, since Redis 5.0.0, O(log(N)) per entry with N pending ones.
   */
  xclaim(key: t.Key, group: Value, consumer: Value, minIdleTime: Value, ...args: [first: t.Argument, ...more: t.Argument[]]): Reply[];
  /** The same as {@link xclaim}. */
  xClaim(key: t.Key, group: Value, consumer: Value, minIdleTime: Value, ...args: [first: t.Argument, ...more: t.Argument[]]): Reply[];
  /**
   * Deletes entries of a stream and returns how many were there.
   *
   * `XDEL`, since Redis 5.0.0, O(log(N)) per entry.
   */
  xdel(key: t.Key, ...ids: t.Many<Value>): t.Integer;
  /** The same as {@link xdel}. */
  xDel(key: t.Key, ...ids: t.Many<Value>): t.Integer;
  /**
   * Deletes entries of a stream, if the groups allow it, and tells what became of each.
   *
   * `XDELEX`, since Redis 8.2.0, O(log(N)) per entry.
   */
  xdelex(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer[];
  /**
   * Commands about the consumer groups of streams.
   *
   * `XGROUP`, since Redis 5.0.0, Depends on the subcommand.
   */
  xgroup(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Makes a consumer group that has read up to an entry, and the stream if asked to.
   *
   * `XGROUP CREATE`, since Redis 5.0.0, O(1).
   */
  xGroupCreate(key: t.Key, group: Value, ...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Makes a consumer in a group.
   *
   * `XGROUP CREATECONSUMER`, since Redis 6.2.0, O(1).
   */
  xGroupCreateConsumer(key: t.Key, group: Value, consumer: Value): t.Integer;
  /**
   * Deletes a consumer of a group with what it has not acknowledged.
   *
   * `XGROUP DELCONSUMER`, since Redis 5.0.0, O(1).
   */
  xGroupDelConsumer(key: t.Key, group: Value, consumer: Value): t.Integer;
  /**
   * Deletes a consumer group.
   *
   * `XGROUP DESTROY`, since Redis 5.0.0, O(N) in the number of entries that are pending in the group.
   */
  xGroupDestroy(key: t.Key, group: Value): t.Integer;
  /**
   * Lists the subcommands.
   *
   * `XGROUP HELP`, since Redis 5.0.0, O(1).
   */
  xgroupHelp(): string[];
  /**
   * Sets up to which entry a group has read.
   *
   * `XGROUP SETID`, since Redis 5.0.0, O(1).
   */
  xGroupSetId(key: t.Key, group: Value, ...args: [first: t.Argument, ...more: t.Argument[]]): 'OK';
  /**
   * Commands that describe streams.
   *
   * `XINFO`, since Redis 5.0.0, Depends on the subcommand.
   */
  xinfo(subcommand: string, ...args: t.Argument[]): Reply;
  /**
   * Describes the consumers of a group.
   *
   * `XINFO CONSUMERS`, since Redis 5.0.0, O(1).
   */
  xInfoConsumers(key: t.Key, group: Value): { [key: string]: Reply }[];
  /**
   * Describes the consumer groups of a stream.
   *
   * `XINFO GROUPS`, since Redis 5.0.0, O(1).
   */
  xInfoGroups(key: t.Key): ({ [key: string]: Reply } | null)[];
  /**
   * Lists the subcommands.
   *
   * `XINFO HELP`, since Redis 5.0.0, O(1).
   */
  xinfoHelp(): string[];
  /**
   * Describes a stream, with FULL also its entries and groups.
   *
   * `XINFO STREAM`, since Redis 5.0.0, O(N) in the number of chunks that hold the entries.
   */
  xInfoStream: t.WithOptions<[key: t.Key], { FULL?: boolean; COUNT?: t.Numeric }, { [key: string]: Reply }>;
  /**
   * Returns how many entries a stream has.
   *
   * `XLEN`, since Redis 5.0.0, O(1).
   */
  xlen(key: t.Key): t.Integer;
  /** The same as {@link xlen}. */
  xLen(key: t.Key): t.Integer;
  /**
   * Gives pending entries of a group back, so that others can take them at once.
   *
   * `XNACK`, since Redis 8.8.0, O(log(N)) per entry with N pending ones.
   */
  xnack(key: t.Key, group: Value, mode: t.Word<'SILENT' | 'FAIL' | 'FATAL'>, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /**
   * Tells which entries of a group are delivered and not acknowledged.
   *
   * `XPENDING`, since Redis 5.0.0, O(N) with N entries looked at; O(1) for the summary of few consumers.
   */
  xpending(key: t.Key, group: Value, ...args: t.Argument[]): Reply[];
  /** The same as {@link xpending}. */
  xPending(key: t.Key, group: Value, ...args: t.Argument[]): Reply[];
  /**
   * Returns the entries of a range of IDs.
   *
   * `XRANGE`, since Redis 5.0.0, O(log(N)+M) with N entries and M of them returned.
   */
  xrange: t.WithOptions<[key: t.Key, start: Value, end: Value], { COUNT?: t.Numeric }, Reply[] | null>;
  /** The same as {@link xrange}. */
  xRange: t.WithOptions<[key: t.Key, start: Value, end: Value], { COUNT?: t.Numeric }, Reply[] | null>;
  /**
   * Returns the entries of streams after given ones, and waits for some if asked to.
   *
   * `XREAD`, since Redis 5.0.0, O(log(N)+M) per stream with N entries and M of them returned.
   */
  xread(...args: [first: t.Argument, ...more: t.Argument[]]): { [key: string]: Reply[] } | null;
  /** The same as {@link xread}. */
  xRead(...args: [first: t.Argument, ...more: t.Argument[]]): { [key: string]: Reply[] } | null;
  /**
   * Returns entries that no consumer of a group got before, or those of one that it has not acknowledged.
   *
   * `XREADGROUP`, since Redis 5.0.0, O(log(N)+M) per stream with N entries and M of them returned.
   */
  xreadgroup(...args: [first: t.Argument, ...more: t.Argument[]]): { [key: string]: Reply[] } | null;
  /** The same as {@link xreadgroup}. */
  xReadGroup(...args: [first: t.Argument, ...more: t.Argument[]]): { [key: string]: Reply[] } | null;
  /**
   * Returns the entries of a range of IDs, the last one first.
   *
   * `XREVRANGE`, since Redis 5.0.0, O(log(N)+M) with N entries and M of them returned.
   */
  xrevrange: t.WithOptions<[key: t.Key, end: Value, start: Value], { COUNT?: t.Numeric }, Reply[] | null>;
  /** The same as {@link xrevrange}. */
  xRevRange: t.WithOptions<[key: t.Key, end: Value, start: Value], { COUNT?: t.Numeric }, Reply[] | null>;
  /**
   * Sets the last ID that a stream has given, as a client does that rebuilds a stream.
   *
   * `XSETID`, since Redis 5.0.0, O(1).
   */
  xsetid: t.WithOptions<[key: t.Key, lastId: Value], { ENTRIESADDED?: t.Numeric; MAXDELETEDID?: Value }, 'OK'>;
  /** The same as {@link xsetid}. */
  xSetId: t.WithOptions<[key: t.Key, lastId: Value], { ENTRIESADDED?: t.Numeric; MAXDELETEDID?: Value }, 'OK'>;
  /**
   * Deletes the oldest entries of a stream, down to a number or up to an ID.
   *
   * `XTRIM`, since Redis 5.0.0, O(N) with N entries deleted.
   */
  xtrim(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /** The same as {@link xtrim}. */
  xTrim(key: t.Key, ...args: [first: t.Argument, ...more: t.Argument[]]): t.Integer;
  /**
   * Adds members to a sorted set or changes their scores; the key is created when it does not exist.
   *
   * `ZADD`, since Redis 1.2.0, O(log(N)) for each member added, with N members.
   */
  zadd: t.Overloads<[[[key: t.Key, ...args: t.MembersWithout<{ NX?: boolean; XX?: boolean; condition?: 'NX' | 'XX'; GT?: boolean; LT?: boolean; comparison?: 'GT' | 'LT'; CH?: boolean; INCR?: boolean }, 'INCR'>], t.Integer], [[key: t.Key, ...args: t.MembersOr<{ NX?: boolean; XX?: boolean; condition?: 'NX' | 'XX'; GT?: boolean; LT?: boolean; comparison?: 'GT' | 'LT'; CH?: boolean; INCR?: boolean }>], t.Integer | number | null], [[key: t.Key, members: t.OneOrMore<t.Member>, options?: { NX?: boolean; XX?: boolean; condition?: 'NX' | 'XX'; GT?: boolean; LT?: boolean; comparison?: 'GT' | 'LT'; CH?: boolean; INCR?: boolean }], t.Integer | number | null]]>;
  /** The same as {@link zadd}. */
  zAdd: Commands['zadd'];
  /**
   * Returns the number of members of a sorted set.
   *
   * `ZCARD`, since Redis 1.2.0, O(1).
   */
  zcard(key: t.Key): t.Integer;
  /** The same as {@link zcard}. */
  zCard(key: t.Key): t.Integer;
  /**
   * Counts the members with scores in a range.
   *
   * `ZCOUNT`, since Redis 2.0.0, O(log(N)) with N members.
   */
  zcount(key: t.Key, min: t.Numeric, max: t.Numeric): t.Integer;
  /** The same as {@link zcount}. */
  zCount(key: t.Key, min: t.Numeric, max: t.Numeric): t.Integer;
  /**
   * Returns the members of the first sorted set that are in none of the others.
   *
   * `ZDIFF`, since Redis 6.2.0, O(L + (N-K)*log(N)) with L members in all inputs, N in the first and K in the result.
   */
  zdiff: t.ByOption<t.CountedKeys, { WITHSCORES?: boolean }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][], t.KeysOr>;
  /** The same as {@link zdiff}. */
  zDiff: Commands['zdiff'];
  /**
   * Stores the members of the first sorted set that are in none of the others.
   *
   * `ZDIFFSTORE`, since Redis 6.2.0, O(L + (N-K)*log(N)) with L members in all inputs, N in the first and K in the result.
   */
  zdiffstore(destination: t.Key, ...args: t.KeysOr): t.Integer;
  /** The same as {@link zdiffstore}. */
  zDiffStore(destination: t.Key, ...args: t.KeysOr): t.Integer;
  /**
   * Adds to a member's score; a missing member counts as 0.
   *
   * `ZINCRBY`, since Redis 1.2.0, O(log(N)) with N members.
   */
  zincrby(key: t.Key, increment: t.Numeric, member: Value): number;
  /** The same as {@link zincrby}. */
  zIncrBy(key: t.Key, increment: t.Numeric, member: Value): number;
  /**
   * Returns the members that are in all of the sorted sets.
   *
   * `ZINTER`, since Redis 6.2.0, O(N*K) + O(M*log(M)) with N members in the smallest of K inputs and M in the result.
   */
  zinter: t.ByOption<t.CountedKeys, { WEIGHTS?: t.OneOrMore<t.Numeric>; AGGREGATE?: t.Word<'SUM' | 'MIN' | 'MAX'>; WITHSCORES?: boolean }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][], t.KeysOr>;
  /** The same as {@link zinter}. */
  zInter: Commands['zinter'];
  /**
   * Counts the members that are in all of the sorted sets.
   *
   * `ZINTERCARD`, since Redis 7.0.0, O(N*K) with N members in the smallest of K inputs.
   */
  zintercard(...args: t.KeysOr): t.Integer;
  /** The same as {@link zintercard}. */
  zInterCard(...args: t.KeysOr): t.Integer;
  /**
   * Stores the members that are in all of the sorted sets.
   *
   * `ZINTERSTORE`, since Redis 2.0.0, O(N*K) + O(M*log(M)) with N members in the smallest of K inputs and M in the result.
   */
  zinterstore(destination: t.Key, ...args: t.KeysOr): t.Integer;
  /** The same as {@link zinterstore}. */
  zInterStore(destination: t.Key, ...args: t.KeysOr): t.Integer;
  /**
   * Counts the members in a range of members, where all scores are equal.
   *
   * `ZLEXCOUNT`, since Redis 2.8.9, O(log(N)) with N members.
   */
  zlexcount(key: t.Key, min: Value, max: Value): t.Integer;
  /** The same as {@link zlexcount}. */
  zLexCount(key: t.Key, min: Value, max: Value): t.Integer;
  /**
   * Pops members from the first sorted set that is not empty.
   *
   * `ZMPOP`, since Redis 7.0.0, O(K) + O(M*log(N)) with K keys, N members and M of them popped.
   */
  zmpop(...args: t.KeysOr): [string, [member: string, score: number][]] | null;
  /** The same as {@link zmpop}. */
  zmPop(...args: t.KeysOr): [string, [member: string, score: number][]] | null;
  /**
   * Returns the scores of members.
   *
   * `ZMSCORE`, since Redis 6.2.0, O(N) with N members asked for.
   */
  zmscore(key: t.Key, ...members: t.Many<Value>): (number | null)[];
  /** The same as {@link zmscore}. */
  zmScore(key: t.Key, ...members: t.Many<Value>): (number | null)[];
  /**
   * Removes the members with the greatest scores and replies with them.
   *
   * `ZPOPMAX`, since Redis 5.0.0, O(log(N)*M) with N members and M of them popped.
   */
  zpopmax: t.ByCount<[key: t.Key], [member: string, score: number] | [], [member: string, score: number][]>;
  /** The same as {@link zpopmax}. */
  zPopMax: Commands['zpopmax'];
  /**
   * Removes the members with the least scores and replies with them.
   *
   * `ZPOPMIN`, since Redis 5.0.0, O(log(N)*M) with N members and M of them popped.
   */
  zpopmin: t.ByCount<[key: t.Key], [member: string, score: number] | [], [member: string, score: number][]>;
  /** The same as {@link zpopmin}. */
  zPopMin: Commands['zpopmin'];
  /**
   * Returns members chosen at random.
   *
   * `ZRANDMEMBER`, since Redis 6.2.0, O(N) with N members returned.
   */
  zrandmember: t.ByCountAndWord<[key: t.Key], 'WITHSCORES', string | null, string[], [member: string, score: number][]>;
  /** The same as {@link zrandmember}. */
  zRandMember: Commands['zrandmember'];
  /**
   * Returns the members in a range of ranks, scores or members.
   *
   * `ZRANGE`, since Redis 1.2.0, O(log(N) + M) with N members and M of them returned.
   */
  zrange: t.ByOption<[key: t.Key, start: Value, stop: Value], { BYSCORE?: boolean; BYLEX?: boolean; BY?: 'SCORE' | 'LEX'; REV?: boolean; LIMIT?: { offset: t.Numeric; count: t.Numeric }; WITHSCORES?: boolean }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][]>;
  /** The same as {@link zrange}. */
  zRange: Commands['zrange'];
  /**
   * Returns the members in a range of members, where all scores are equal.
   *
   * `ZRANGEBYLEX`, since Redis 2.8.9, O(log(N) + M) with N members and M of them returned.
   *
   * @deprecated since Redis 6.2.0: use `ZRANGE` with the `BYLEX` argument
   */
  zrangebylex: t.WithOptions<[key: t.Key, min: Value, max: Value], { LIMIT?: { offset: t.Numeric; count: t.Numeric } }, string[]>;
  /** The same as {@link zrangebylex}. */
  zRangeByLex: t.WithOptions<[key: t.Key, min: Value, max: Value], { LIMIT?: { offset: t.Numeric; count: t.Numeric } }, string[]>;
  /**
   * Returns the members with scores in a range.
   *
   * `ZRANGEBYSCORE`, since Redis 1.0.5, O(log(N) + M) with N members and M of them returned.
   *
   * @deprecated since Redis 6.2.0: use `ZRANGE` with the `BYSCORE` argument
   */
  zrangebyscore: t.ByOption<[key: t.Key, min: t.Numeric, max: t.Numeric], { WITHSCORES?: boolean; LIMIT?: { offset: t.Numeric; count: t.Numeric } }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][]>;
  /** The same as {@link zrangebyscore}. */
  zRangeByScore: Commands['zrangebyscore'];
  /**
   * Stores the members in a range of ranks, scores or members.
   *
   * `ZRANGESTORE`, since Redis 6.2.0, O(log(N) + M) with N members and M of them stored.
   */
  zrangestore: t.WithOptions<[dst: t.Key, src: t.Key, min: Value, max: Value], { BYSCORE?: boolean; BYLEX?: boolean; BY?: 'SCORE' | 'LEX'; REV?: boolean; LIMIT?: { offset: t.Numeric; count: t.Numeric } }, t.Integer>;
  /** The same as {@link zrangestore}. */
  zRangeStore: t.WithOptions<[dst: t.Key, src: t.Key, min: Value, max: Value], { BYSCORE?: boolean; BYLEX?: boolean; BY?: 'SCORE' | 'LEX'; REV?: boolean; LIMIT?: { offset: t.Numeric; count: t.Numeric } }, t.Integer>;
  /**
   * Returns the rank of a member, counted from the least score.
   *
   * `ZRANK`, since Redis 2.0.0, O(log(N)) with N members.
   */
  zrank: t.ByOption<[key: t.Key, member: Value], { WITHSCORE?: boolean }, [{ without: 'WITHSCORE'; is: t.Integer | null }, { with: 'WITHSCORE'; is: [t.Integer, number] | null }], t.Integer | null | [t.Integer, number]>;
  /** The same as {@link zrank}. */
  zRank: Commands['zrank'];
  /**
   * Removes members from a sorted set.
   *
   * `ZREM`, since Redis 1.2.0, O(M*log(N)) with N members and M of them removed.
   */
  zrem(key: t.Key, ...members: t.Many<Value>): t.Integer;
  /** The same as {@link zrem}. */
  zRem(key: t.Key, ...members: t.Many<Value>): t.Integer;
  /**
   * Removes the members in a range of members, where all scores are equal.
   *
   * `ZREMRANGEBYLEX`, since Redis 2.8.9, O(log(N) + M) with N members and M of them removed.
   */
  zremrangebylex(key: t.Key, min: Value, max: Value): t.Integer;
  /** The same as {@link zremrangebylex}. */
  zRemRangeByLex(key: t.Key, min: Value, max: Value): t.Integer;
  /**
   * Removes the members in a range of ranks.
   *
   * `ZREMRANGEBYRANK`, since Redis 2.0.0, O(log(N) + M) with N members and M of them removed.
   */
  zremrangebyrank(key: t.Key, start: t.Numeric, stop: t.Numeric): t.Integer;
  /** The same as {@link zremrangebyrank}. */
  zRemRangeByRank(key: t.Key, start: t.Numeric, stop: t.Numeric): t.Integer;
  /**
   * Removes the members with scores in a range.
   *
   * `ZREMRANGEBYSCORE`, since Redis 1.2.0, O(log(N) + M) with N members and M of them removed.
   */
  zremrangebyscore(key: t.Key, min: t.Numeric, max: t.Numeric): t.Integer;
  /** The same as {@link zremrangebyscore}. */
  zRemRangeByScore(key: t.Key, min: t.Numeric, max: t.Numeric): t.Integer;
  /**
   * Returns the members in a range of ranks, counted from the greatest score.
   *
   * `ZREVRANGE`, since Redis 1.2.0, O(log(N) + M) with N members and M of them returned.
   *
   * @deprecated since Redis 6.2.0: use `ZRANGE` with the `REV` argument
   */
  zrevrange: t.ByOption<[key: t.Key, start: t.Numeric, stop: t.Numeric], { WITHSCORES?: boolean }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][]>;
  /** The same as {@link zrevrange}. */
  zRevRange: Commands['zrevrange'];
  /**
   * Returns the members in a range of members from its end, where all scores are equal.
   *
   * `ZREVRANGEBYLEX`, since Redis 2.8.9, O(log(N) + M) with N members and M of them returned.
   *
   * @deprecated since Redis 6.2.0: use `ZRANGE` with the `REV` and `BYLEX` arguments
   */
  zrevrangebylex: t.WithOptions<[key: t.Key, max: Value, min: Value], { LIMIT?: { offset: t.Numeric; count: t.Numeric } }, string[]>;
  /** The same as {@link zrevrangebylex}. */
  zRevRangeByLex: t.WithOptions<[key: t.Key, max: Value, min: Value], { LIMIT?: { offset: t.Numeric; count: t.Numeric } }, string[]>;
  /**
   * Returns the members with scores in a range, the greatest first.
   *
   * `ZREVRANGEBYSCORE`, since Redis 2.2.0, O(log(N) + M) with N members and M of them returned.
   *
   * @deprecated since Redis 6.2.0: use `ZRANGE` with the `REV` and `BYSCORE` arguments
   */
  zrevrangebyscore: t.ByOption<[key: t.Key, max: t.Numeric, min: t.Numeric], { WITHSCORES?: boolean; LIMIT?: { offset: t.Numeric; count: t.Numeric } }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][]>;
  /** The same as {@link zrevrangebyscore}. */
  zRevRangeByScore: Commands['zrevrangebyscore'];
  /**
   * Returns the rank of a member, counted from the greatest score.
   *
   * `ZREVRANK`, since Redis 2.0.0, O(log(N)) with N members.
   */
  zrevrank: t.ByOption<[key: t.Key, member: Value], { WITHSCORE?: boolean }, [{ without: 'WITHSCORE'; is: t.Integer | null }, { with: 'WITHSCORE'; is: [t.Integer, number] | null }], t.Integer | null | [t.Integer, number]>;
  /** The same as {@link zrevrank}. */
  zRevRank: Commands['zrevrank'];
  /**
   * Goes through the members of a sorted set in steps.
   *
   * `ZSCAN`, since Redis 2.8.0, O(1) for every call, O(N) for a whole iteration over N members.
   */
  zscan: t.WithOptions<[key: t.Key, cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric; NOSCORES?: boolean }, [string, string[]]>;
  /** The same as {@link zscan}. */
  zScan: t.WithOptions<[key: t.Key, cursor: t.Numeric], { MATCH?: Value; COUNT?: t.Numeric; NOSCORES?: boolean }, [string, string[]]>;
  /**
   * Returns the score of a member.
   *
   * `ZSCORE`, since Redis 1.2.0, O(1).
   */
  zscore(key: t.Key, member: Value): number | null;
  /** The same as {@link zscore}. */
  zScore(key: t.Key, member: Value): number | null;
  /**
   * Returns the members that are in any of the sorted sets.
   *
   * `ZUNION`, since Redis 6.2.0, O(N) + O(M*log(M)) with N members in all inputs and M in the result.
   */
  zunion: t.ByOption<t.CountedKeys, { WEIGHTS?: t.OneOrMore<t.Numeric>; AGGREGATE?: t.Word<'SUM' | 'MIN' | 'MAX'>; WITHSCORES?: boolean }, [{ without: 'WITHSCORES'; is: string[] }, { with: 'WITHSCORES'; is: [member: string, score: number][] }], string[] | [member: string, score: number][], t.KeysOr>;
  /** The same as {@link zunion}. */
  zUnion: Commands['zunion'];
  /**
   * Stores the members that are in any of the sorted sets.
   *
   * `ZUNIONSTORE`, since Redis 2.0.0, O(N) + O(M*log(M)) with N members in all inputs and M in the result.
   */
  zunionstore(destination: t.Key, ...args: t.KeysOr): t.Integer;
  /** The same as {@link zunionstore}. */
  zUnionStore(destination: t.Key, ...args: t.KeysOr): t.Integer;
}

/** Each command's words, its methods, and what is special about its arguments. */
export const rows: readonly (readonly [words: string, methods: string, shape?: Shape])[] = [
  ['ACL', 'acl'],
  ['ACL CAT', 'aclCat', {}],
  ['ACL DELUSER', 'aclDelUser', {}],
  ['ACL DRYRUN', 'aclDryRun', { lead: 2 }],
  ['ACL GENPASS', 'aclGenPass', {}],
  ['ACL GETUSER', 'aclGetUser', { lead: 1 }],
  ['ACL HELP', 'aclHelp', {}],
  ['ACL LIST', 'aclList', {}],
  ['ACL LOAD', 'aclLoad', {}],
  ['ACL LOG', 'aclLog', { options: 'RESET' }],
  ['ACL RESTTOKEN', 'aclResttoken', { lead: 2 }],
  ['ACL SAVE', 'aclSave', {}],
  ['ACL SETUSER', 'aclSetUser', { lead: 1 }],
  ['ACL USERS', 'aclUsers', {}],
  ['ACL WHOAMI', 'aclWhoAmI', {}],
  ['APPEND', 'append', { lead: 2 }],
  ['ASKING', 'asking', {}],
  ['AUTH', 'auth', {}],
  ['BGREWRITEAOF', 'bgrewriteaof bgRewriteAof', {}],
  ['BGSAVE', 'bgsave bgSave', { options: 'SCHEDULE' }],
  ['BITCOUNT', 'bitcount bitCount', { lead: 1, options: 'BYTE BIT' }],
  ['BITFIELD', 'bitfield bitField', { lead: 1, options: 'GET OVERFLOW SET INCRBY' }],
  ['BITFIELD_RO', 'bitfield_ro bitFieldRo', { lead: 1, options: 'GET' }],
  ['BITOP', 'bitop bitOp', { lead: 2 }],
  ['BITPOS', 'bitpos bitPos', { lead: 2, options: 'BYTE BIT' }],
  ['BLMOVE', 'blmove blMove', { lead: 5 }],
  ['BLMOVEM', 'blmovem', { lead: 5, options: 'COUNT EXACTLY OBO BULK' }],
  ['BLMPOP', 'blmpop blmPop', { lead: 1, options: 'LEFT RIGHT COUNT', count: 1 }],
  ['BLPOP', 'blpop blPop', {}],
  ['BRPOP', 'brpop brPop', {}],
  ['BRPOPLPUSH', 'brpoplpush brPopLPush', { lead: 3 }],
  ['BZMPOP', 'bzmpop bzmPop', { lead: 1, options: 'MIN MAX COUNT', count: 1 }],
  ['BZPOPMAX', 'bzpopmax bzPopMax', {}],
  ['BZPOPMIN', 'bzpopmin bzPopMin', {}],
  ['CLIENT', 'client'],
  ['CLIENT CACHING', 'clientCaching', { lead: 1 }],
  ['CLIENT GETNAME', 'clientGetName', {}],
  ['CLIENT GETREDIR', 'clientGetRedir', {}],
  ['CLIENT HELP', 'clientHelp', {}],
  ['CLIENT ID', 'clientId', {}],
  ['CLIENT INFO', 'clientInfo', {}],
  ['CLIENT KILL', 'clientKill', { options: 'ID TYPE USER ADDR LADDR SKIPME MAXAGE IP NAME LIB-NAME LIB-VER FLAGS DB IDLE' }],
  ['CLIENT LIST', 'clientList', { options: 'TYPE ID USER ADDR LADDR SKIPME MAXAGE IP NAME LIB-NAME LIB-VER FLAGS DB IDLE' }],
  ['CLIENT NO-EVICT', 'clientNoEvict', { lead: 1 }],
  ['CLIENT NO-TOUCH', 'clientNoTouch', { lead: 1 }],
  ['CLIENT PAUSE', 'clientPause', { lead: 1, options: 'WRITE ALL' }],
  ['CLIENT SETINFO', 'clientSetInfo', { options: 'LIB-NAME LIB-VER' }],
  ['CLIENT SETNAME', 'clientSetName', { lead: 1 }],
  ['CLIENT TRACKING', 'clientTracking', { lead: 1, options: 'REDIRECT PREFIX BCAST OPTIN OPTOUT NOLOOP' }],
  ['CLIENT TRACKINGINFO', 'clientTrackingInfo', {}],
  ['CLIENT UNBLOCK', 'clientUnblock', { lead: 1, options: 'TIMEOUT ERROR' }],
  ['CLIENT UNPAUSE', 'clientUnpause', {}],
  ['CLUSTER', 'cluster'],
  ['CLUSTER ADDSLOTS', 'clusterAddslots', {}],
  ['CLUSTER ADDSLOTSRANGE', 'clusterAddslotsrange', { pairs: true }],
  ['CLUSTER BUMPEPOCH', 'clusterBumpepoch', {}],
  ['CLUSTER COUNT-FAILURE-REPORTS', 'clusterCountFailureReports', { lead: 1 }],
  ['CLUSTER COUNTKEYSINSLOT', 'clusterCountkeysinslot', { lead: 1 }],
  ['CLUSTER DELSLOTS', 'clusterDelslots', {}],
  ['CLUSTER DELSLOTSRANGE', 'clusterDelslotsrange', { pairs: true }],
  ['CLUSTER FAILOVER', 'clusterFailover', { options: 'FORCE TAKEOVER' }],
  ['CLUSTER FLUSHSLOTS', 'clusterFlushslots', {}],
  ['CLUSTER FORGET', 'clusterForget', { lead: 1 }],
  ['CLUSTER GETKEYSINSLOT', 'clusterGetkeysinslot', { lead: 2 }],
  ['CLUSTER HELP', 'clusterHelp', {}],
  ['CLUSTER INFO', 'clusterInfo', {}],
  ['CLUSTER KEYSLOT', 'clusterKeyslot', { lead: 1 }],
  ['CLUSTER LINKS', 'clusterLinks', {}],
  ['CLUSTER MEET', 'clusterMeet', { lead: 2 }],
  ['CLUSTER MIGRATION', 'clusterMigration', {}],
  ['CLUSTER MYID', 'clusterMyid', {}],
  ['CLUSTER MYSHARDID', 'clusterMyshardid', {}],
  ['CLUSTER NODES', 'clusterNodes', {}],
  ['CLUSTER REPLICAS', 'clusterReplicas', { lead: 1 }],
  ['CLUSTER REPLICATE', 'clusterReplicate', { lead: 1 }],
  ['CLUSTER RESET', 'clusterReset', { options: 'HARD SOFT' }],
  ['CLUSTER SAVECONFIG', 'clusterSaveconfig', {}],
  ['CLUSTER SET-CONFIG-EPOCH', 'clusterSetConfigEpoch', { lead: 1 }],
  ['CLUSTER SETSLOT', 'clusterSetslot', { lead: 1, options: 'IMPORTING MIGRATING NODE STABLE' }],
  ['CLUSTER SHARDS', 'clusterShards', {}],
  ['CLUSTER SLAVES', 'clusterSlaves', { lead: 1 }],
  ['CLUSTER SLOT-STATS', 'clusterSlotStats', {}],
  ['CLUSTER SLOTS', 'clusterSlots', {}],
  ['CLUSTER SYNCSLOTS', 'clusterSyncslots', {}],
  ['COMMAND', 'command'],
  ['COMMAND COUNT', 'commandCount', {}],
  ['COMMAND DOCS', 'commandDocs', {}],
  ['COMMAND GETKEYS', 'commandGetKeys', { lead: 1 }],
  ['COMMAND GETKEYSANDFLAGS', 'commandGetKeysAndFlags', { lead: 1 }],
  ['COMMAND HELP', 'commandHelp', {}],
  ['COMMAND INFO', 'commandInfo', {}],
  ['COMMAND LIST', 'commandList', { options: 'FILTERBY' }],
  ['COMMANDLOG', 'commandlog'],
  ['COMMANDLOG GET', 'commandlogGet', { lead: 2 }],
  ['COMMANDLOG HELP', 'commandlogHelp', {}],
  ['COMMANDLOG LEN', 'commandlogLen', { lead: 1 }],
  ['COMMANDLOG RESET', 'commandlogReset', { lead: 1 }],
  ['CONFIG', 'config'],
  ['CONFIG GET', 'configGet', {}],
  ['CONFIG HELP', 'configHelp', {}],
  ['CONFIG RESETSTAT', 'configResetStat', {}],
  ['CONFIG REWRITE', 'configRewrite', {}],
  ['CONFIG SET', 'configSet', { pairs: true }],
  ['COPY', 'copy', { lead: 2, options: 'DB REPLACE' }],
  ['DBSIZE', 'dbsize dbSize', {}],
  ['DEBUG', 'debug', { lead: 1 }],
  ['DECR', 'decr', { lead: 1 }],
  ['DECRBY', 'decrby decrBy', { lead: 2 }],
  ['DEL', 'del', {}],
  ['DELEX', 'delex delEx', { lead: 1, options: 'IFEQ IFNE IFDEQ IFDNE condition' }],
  ['DELIFEQ', 'delifeq', { lead: 2 }],
  ['DIGEST', 'digest', { lead: 1 }],
  ['DUMP', 'dump', { lead: 1 }],
  ['ECHO', 'echo', { lead: 1 }],
  ['EVAL', 'eval', { lead: 1, count: 1, script: true }],
  ['EVALSHA', 'evalsha evalSha', { lead: 1, count: 1, script: true }],
  ['EVALSHA_RO', 'evalsha_ro evalShaRo', { lead: 1, count: 1, script: true }],
  ['EVAL_RO', 'eval_ro evalRo', { lead: 1, count: 1, script: true }],
  ['EXISTS', 'exists', {}],
  ['EXPIRE', 'expire', { lead: 2, options: 'NX XX GT LT condition' }],
  ['EXPIREAT', 'expireat expireAt', { lead: 2, options: 'NX XX GT LT condition', time: 1000 }],
  ['EXPIRETIME', 'expiretime expireTime', { lead: 1 }],
  ['FAILOVER', 'failover', { options: 'TO FORCE ABORT TIMEOUT' }],
  ['FCALL', 'fcall fCall', { lead: 1, count: 1, script: true }],
  ['FCALL_RO', 'fcall_ro fCallRo', { lead: 1, count: 1, script: true }],
  ['FLUSHALL', 'flushall flushAll', { options: 'ASYNC SYNC' }],
  ['FLUSHDB', 'flushdb flushDb', { options: 'ASYNC SYNC' }],
  ['FUNCTION', 'function'],
  ['FUNCTION DELETE', 'functionDelete', { lead: 1 }],
  ['FUNCTION DUMP', 'functionDump', {}],
  ['FUNCTION FLUSH', 'functionFlush', { options: 'ASYNC SYNC' }],
  ['FUNCTION HELP', 'functionHelp', {}],
  ['FUNCTION KILL', 'functionKill', {}],
  ['FUNCTION LIST', 'functionList', { options: 'LIBRARYNAME WITHCODE' }],
  ['FUNCTION LOAD', 'functionLoad', { options: 'REPLACE' }],
  ['FUNCTION RESTORE', 'functionRestore', { lead: 1, options: 'FLUSH APPEND REPLACE' }],
  ['FUNCTION STATS', 'functionStats', {}],
  ['GEOADD', 'geoadd geoAdd', { lead: 1, options: 'NX XX condition CH', members: ['longitude', 'latitude', 'member'] }],
  ['GEODIST', 'geodist geoDist', { lead: 3, options: 'M KM FT MI' }],
  ['GEOHASH', 'geohash geoHash', { lead: 1 }],
  ['GEOPOS', 'geopos geoPos', { lead: 1 }],
  ['GEORADIUS', 'georadius geoRadius', { lead: 5, options: 'WITHCOORD WITHDIST WITHHASH COUNT ANY ASC DESC DIRECTION STORE STOREDIST' }],
  ['GEORADIUSBYMEMBER', 'georadiusbymember geoRadiusByMember', { lead: 4, options: 'WITHCOORD WITHDIST WITHHASH COUNT ANY ASC DESC DIRECTION STORE STOREDIST' }],
  ['GEORADIUSBYMEMBER_RO', 'georadiusbymember_ro geoRadiusByMemberRo', { lead: 4, options: 'WITHCOORD WITHDIST WITHHASH COUNT ANY ASC DESC DIRECTION' }],
  ['GEORADIUS_RO', 'georadius_ro geoRadiusRo', { lead: 5, options: 'WITHCOORD WITHDIST WITHHASH COUNT ANY ASC DESC DIRECTION' }],
  ['GEOSEARCH', 'geosearch geoSearch', { lead: 1, options: 'FROMMEMBER FROMLONLAT BYRADIUS M KM FT MI BYBOX ASC DESC DIRECTION COUNT ANY WITHCOORD WITHDIST WITHHASH' }],
  ['GEOSEARCHSTORE', 'geosearchstore geoSearchStore', { lead: 2, options: 'FROMMEMBER FROMLONLAT BYRADIUS M KM FT MI BYBOX ASC DESC DIRECTION COUNT ANY STOREDIST' }],
  ['GET', 'get', { lead: 1 }],
  ['GETBIT', 'getbit getBit', { lead: 2 }],
  ['GETDEL', 'getdel getDel', { lead: 1 }],
  ['GETEX', 'getex getEx', { lead: 1, options: 'EX PX EXAT PXAT PERSIST expiration' }],
  ['GETRANGE', 'getrange getRange', { lead: 3 }],
  ['GETSET', 'getset getSet', { lead: 2 }],
  ['HDEL', 'hdel hDel', { lead: 1 }],
  ['HEXISTS', 'hexists hExists', { lead: 2 }],
  ['HEXPIRE', 'hexpire hExpire', { lead: 2, options: 'NX XX GT LT condition FIELDS', fields: true }],
  ['HEXPIREAT', 'hexpireat hExpireAt', { lead: 2, options: 'NX XX GT LT condition FIELDS', fields: true, time: 1000 }],
  ['HEXPIRETIME', 'hexpiretime hExpireTime', { lead: 1, options: 'FIELDS', fields: true }],
  ['HGET', 'hget hGet', { lead: 2 }],
  ['HGETALL', 'hgetall hGetAll', { lead: 1 }],
  ['HGETDEL', 'hgetdel hGetDel', { lead: 1, options: 'FIELDS', fields: true }],
  ['HGETEX', 'hgetex hGetEx', { lead: 1, options: 'EX PX EXAT PXAT PERSIST expiration FIELDS', fields: true }],
  ['HINCRBY', 'hincrby hIncrBy', { lead: 3 }],
  ['HINCRBYFLOAT', 'hincrbyfloat hIncrByFloat', { lead: 3 }],
  ['HKEYS', 'hkeys hKeys', { lead: 1 }],
  ['HLEN', 'hlen hLen', { lead: 1 }],
  ['HMGET', 'hmget hMGet', { lead: 1 }],
  ['HMSET', 'hmset hMSet', { lead: 1, pairs: true }],
  ['HPERSIST', 'hpersist hPersist', { lead: 1, options: 'FIELDS', fields: true }],
  ['HPEXPIRE', 'hpexpire hpExpire', { lead: 2, options: 'NX XX GT LT condition FIELDS', fields: true }],
  ['HPEXPIREAT', 'hpexpireat hpExpireAt', { lead: 2, options: 'NX XX GT LT condition FIELDS', fields: true, time: 1 }],
  ['HPEXPIRETIME', 'hpexpiretime hpExpireTime', { lead: 1, options: 'FIELDS', fields: true }],
  ['HPTTL', 'hpttl hpTTL', { lead: 1, options: 'FIELDS', fields: true }],
  ['HRANDFIELD', 'hrandfield hRandField', { lead: 1, options: 'WITHVALUES' }],
  ['HSCAN', 'hscan hScan', { lead: 2, options: 'MATCH COUNT NOVALUES' }],
  ['HSET', 'hset hSet', { lead: 1, pairs: true }],
  ['HSETEX', 'hsetex hSetEx', { lead: 1, options: 'FNX FXX condition mode EX PX EXAT PXAT KEEPTTL expiration FIELDS', fields: true }],
  ['HSETNX', 'hsetnx hSetNX', { lead: 3 }],
  ['HSTRLEN', 'hstrlen hStrLen', { lead: 2 }],
  ['HTTL', 'httl hTTL', { lead: 1, options: 'FIELDS', fields: true }],
  ['HVALS', 'hvals hVals', { lead: 1 }],
  ['INCR', 'incr', { lead: 1 }],
  ['INCRBY', 'incrby incrBy', { lead: 2 }],
  ['INCRBYFLOAT', 'incrbyfloat incrByFloat', { lead: 2 }],
  ['INCREX', 'increx', { lead: 1, options: 'BYFLOAT BYINT SATURATE LBOUND UBOUND EX PX EXAT PXAT PERSIST expiration ENX' }],
  ['INFO', 'info', {}],
  ['KEYS', 'keys', { lead: 1 }],
  ['LASTSAVE', 'lastsave lastSave', {}],
  ['LATENCY', 'latency'],
  ['LATENCY DOCTOR', 'latencyDoctor', {}],
  ['LATENCY GRAPH', 'latencyGraph', { lead: 1 }],
  ['LATENCY HELP', 'latencyHelp', {}],
  ['LATENCY HISTOGRAM', 'latencyHistogram', {}],
  ['LATENCY HISTORY', 'latencyHistory', { lead: 1 }],
  ['LATENCY LATEST', 'latencyLatest', {}],
  ['LATENCY RESET', 'latencyReset', {}],
  ['LCS', 'lcs', { lead: 2, options: 'LEN IDX MINMATCHLEN WITHMATCHLEN' }],
  ['LINDEX', 'lindex lIndex', { lead: 2 }],
  ['LINSERT', 'linsert lInsert', { lead: 4 }],
  ['LLEN', 'llen lLen', { lead: 1 }],
  ['LMOVE', 'lmove lMove', { lead: 4 }],
  ['LMOVEM', 'lmovem', { lead: 4, options: 'COUNT EXACTLY OBO BULK' }],
  ['LMPOP', 'lmpop lmPop', { options: 'LEFT RIGHT COUNT', count: 0 }],
  ['LOLWUT', 'lolwut', { options: 'VERSION' }],
  ['LPOP', 'lpop lPop', { lead: 1 }],
  ['LPOS', 'lpos lPos', { lead: 2, options: 'RANK COUNT MAXLEN' }],
  ['LPUSH', 'lpush lPush', { lead: 1 }],
  ['LPUSHX', 'lpushx lPushX', { lead: 1 }],
  ['LRANGE', 'lrange lRange', { lead: 3 }],
  ['LREM', 'lrem lRem', { lead: 3 }],
  ['LSET', 'lset lSet', { lead: 3 }],
  ['LTRIM', 'ltrim lTrim', { lead: 3 }],
  ['MEMORY', 'memory'],
  ['MEMORY DOCTOR', 'memoryDoctor', {}],
  ['MEMORY HELP', 'memoryHelp', {}],
  ['MEMORY MALLOC-STATS', 'memoryMallocStats', {}],
  ['MEMORY PURGE', 'memoryPurge', {}],
  ['MEMORY STATS', 'memoryStats', {}],
  ['MEMORY USAGE', 'memoryUsage', { lead: 1, options: 'SAMPLES' }],
  ['MGET', 'mget mGet', {}],
  ['MODULE', 'module'],
  ['MODULE HELP', 'moduleHelp', {}],
  ['MODULE LIST', 'moduleList', {}],
  ['MODULE LOAD', 'moduleLoad', { lead: 1 }],
  ['MODULE LOADEX', 'moduleLoadex', { lead: 1, options: 'CONFIG ARGS' }],
  ['MODULE UNLOAD', 'moduleUnload', { lead: 1 }],
  ['MOVE', 'move', { lead: 2 }],
  ['MSET', 'mset mSet', { pairs: true }],
  ['MSETEX', 'msetex mSetEx', { options: 'NX XX condition EX PX EXAT PXAT KEEPTTL expiration', count: 0, pairs: true }],
  ['MSETNX', 'msetnx mSetNX', { pairs: true }],
  ['OBJECT', 'object'],
  ['OBJECT ENCODING', 'objectEncoding', { lead: 1 }],
  ['OBJECT FREQ', 'objectFreq', { lead: 1 }],
  ['OBJECT HELP', 'objectHelp', {}],
  ['OBJECT IDLETIME', 'objectIdleTime', { lead: 1 }],
  ['OBJECT REFCOUNT', 'objectRefCount', { lead: 1 }],
  ['PERSIST', 'persist', { lead: 1 }],
  ['PEXPIRE', 'pexpire pExpire', { lead: 2, options: 'NX XX GT LT condition' }],
  ['PEXPIREAT', 'pexpireat pExpireAt', { lead: 2, options: 'NX XX GT LT condition', time: 1 }],
  ['PEXPIRETIME', 'pexpiretime pExpireTime', { lead: 1 }],
  ['PFADD', 'pfadd pfAdd', { lead: 1 }],
  ['PFCOUNT', 'pfcount pfCount', {}],
  ['PFDEBUG', 'pfdebug', { lead: 2 }],
  ['PFMERGE', 'pfmerge pfMerge', { lead: 1 }],
  ['PFSELFTEST', 'pfselftest', {}],
  ['PING', 'ping', {}],
  ['PSETEX', 'psetex pSetEx', { lead: 3 }],
  ['PTTL', 'pttl pTTL', { lead: 1 }],
  ['PUBLISH', 'publish', { lead: 2 }],
  ['PUBSUB', 'pubsub'],
  ['PUBSUB CHANNELS', 'pubSubChannels', {}],
  ['PUBSUB HELP', 'pubsubHelp', {}],
  ['PUBSUB NUMPAT', 'pubSubNumPat', {}],
  ['PUBSUB NUMSUB', 'pubSubNumSub', {}],
  ['PUBSUB SHARDCHANNELS', 'pubSubShardChannels', {}],
  ['PUBSUB SHARDNUMSUB', 'pubSubShardNumSub', {}],
  ['RANDOMKEY', 'randomkey randomKey', {}],
  ['READONLY', 'readonly readOnly', {}],
  ['READWRITE', 'readwrite readWrite', {}],
  ['RENAME', 'rename', { lead: 2 }],
  ['RENAMENX', 'renamenx renameNX', { lead: 2 }],
  ['REPLICAOF', 'replicaof replicaOf', { options: 'NO ONE' }],
  ['RESTORE', 'restore', { lead: 3, options: 'REPLACE ABSTTL IDLETIME FREQ' }],
  ['ROLE', 'role', {}],
  ['RPOP', 'rpop rPop', { lead: 1 }],
  ['RPOPLPUSH', 'rpoplpush rPopLPush', { lead: 2 }],
  ['RPUSH', 'rpush rPush', { lead: 1 }],
  ['RPUSHX', 'rpushx rPushX', { lead: 1 }],
  ['SADD', 'sadd sAdd', { lead: 1 }],
  ['SAVE', 'save', {}],
  ['SCAN', 'scan', { lead: 1, options: 'MATCH COUNT TYPE WITHTYPE' }],
  ['SCARD', 'scard sCard', { lead: 1 }],
  ['SCRIPT', 'script'],
  ['SCRIPT DEBUG', 'scriptDebug', { lead: 1 }],
  ['SCRIPT EXISTS', 'scriptExists', {}],
  ['SCRIPT FLUSH', 'scriptFlush', { options: 'ASYNC SYNC' }],
  ['SCRIPT HELP', 'scriptHelp', {}],
  ['SCRIPT KILL', 'scriptKill', {}],
  ['SCRIPT LOAD', 'scriptLoad', { lead: 1 }],
  ['SCRIPT SHOW', 'scriptShow', { lead: 1 }],
  ['SDIFF', 'sdiff sDiff', {}],
  ['SDIFFCARD', 'sdiffcard', { options: 'LIMIT', count: 0 }],
  ['SDIFFSTORE', 'sdiffstore sDiffStore', { lead: 1 }],
  ['SELECT', 'select', { lead: 1 }],
  ['SET', 'set', { lead: 2, options: 'NX XX IFEQ IFNE IFDEQ IFDNE condition GET EX PX EXAT PXAT KEEPTTL expiration' }],
  ['SETBIT', 'setbit setBit', { lead: 3 }],
  ['SETEX', 'setex setEx', { lead: 3 }],
  ['SETNX', 'setnx setNX', { lead: 2 }],
  ['SETRANGE', 'setrange setRange', { lead: 3 }],
  ['SHUTDOWN', 'shutdown', { options: 'NOSAVE SAVE NOW FORCE ABORT' }],
  ['SINTER', 'sinter sInter', {}],
  ['SINTERCARD', 'sintercard sInterCard', { options: 'LIMIT', count: 0 }],
  ['SINTERSTORE', 'sinterstore sInterStore', { lead: 1 }],
  ['SISMEMBER', 'sismember sIsMember', { lead: 2 }],
  ['SLAVEOF', 'slaveof', { options: 'NO ONE' }],
  ['SLOWLOG', 'slowlog'],
  ['SLOWLOG GET', 'slowLogGet', {}],
  ['SLOWLOG HELP', 'slowlogHelp', {}],
  ['SLOWLOG LEN', 'slowLogLen', {}],
  ['SLOWLOG RESET', 'slowLogReset', {}],
  ['SMEMBERS', 'smembers sMembers', { lead: 1 }],
  ['SMISMEMBER', 'smismember smIsMember', { lead: 1 }],
  ['SMOVE', 'smove sMove', { lead: 3 }],
  ['SORT', 'sort', { lead: 1, options: 'BY LIMIT GET ASC DESC DIRECTION ALPHA STORE' }],
  ['SORT_RO', 'sort_ro sortRo', { lead: 1, options: 'BY LIMIT GET ASC DESC DIRECTION ALPHA' }],
  ['SPOP', 'spop sPop', { lead: 1 }],
  ['SPUBLISH', 'spublish sPublish', { lead: 2 }],
  ['SRANDMEMBER', 'srandmember sRandMember', { lead: 1 }],
  ['SREM', 'srem sRem', { lead: 1 }],
  ['SSCAN', 'sscan sScan', { lead: 2, options: 'MATCH COUNT' }],
  ['STRLEN', 'strlen strLen', { lead: 1 }],
  ['SUBSTR', 'substr', { lead: 3 }],
  ['SUNION', 'sunion sUnion', {}],
  ['SUNIONCARD', 'sunioncard', { options: 'APPROX LIMIT', count: 0 }],
  ['SUNIONSTORE', 'sunionstore sUnionStore', { lead: 1 }],
  ['SWAPDB', 'swapdb swapDb', { lead: 2 }],
  ['TIME', 'time', {}],
  ['TOUCH', 'touch', {}],
  ['TTL', 'ttl', { lead: 1 }],
  ['TYPE', 'type', { lead: 1 }],
  ['UNLINK', 'unlink', {}],
  ['UNWATCH', 'unwatch', {}],
  ['WAIT', 'wait', { lead: 2 }],
  ['WAITAOF', 'waitaof', { lead: 3 }],
  ['WATCH', 'watch', {}],
  ['XACK', 'xack xAck', { lead: 2 }],
  ['XACKDEL', 'xackdel', { lead: 2, options: 'KEEPREF DELREF ACKED condition IDS' }],
  ['XADD', 'xadd xAdd', { lead: 1, options: 'NOMKSTREAM KEEPREF DELREF ACKED condition MAXLEN MINID = ~ LIMIT * TRIM', pairs: true }],
  ['XAUTOCLAIM', 'xautoclaim xAutoClaim', { lead: 5, options: 'COUNT JUSTID' }],
  ['XCLAIM', 'xclaim xClaim', { lead: 4, options: 'IDLE TIME RETRYCOUNT FORCE JUSTID LASTID' }],
  ['XDEL', 'xdel xDel', { lead: 1 }],
  ['XDELEX', 'xdelex', { lead: 1, options: 'KEEPREF DELREF ACKED condition IDS' }],
  ['XGROUP', 'xgroup'],
  ['XGROUP CREATE', 'xGroupCreate', { lead: 2, options: '$ MKSTREAM ENTRIESREAD' }],
  ['XGROUP CREATECONSUMER', 'xGroupCreateConsumer', { lead: 3 }],
  ['XGROUP DELCONSUMER', 'xGroupDelConsumer', { lead: 3 }],
  ['XGROUP DESTROY', 'xGroupDestroy', { lead: 2 }],
  ['XGROUP HELP', 'xgroupHelp', {}],
  ['XGROUP SETID', 'xGroupSetId', { lead: 2, options: '$ ENTRIESREAD' }],
  ['XINFO', 'xinfo'],
  ['XINFO CONSUMERS', 'xInfoConsumers', { lead: 2 }],
  ['XINFO GROUPS', 'xInfoGroups', { lead: 1 }],
  ['XINFO HELP', 'xinfoHelp', {}],
  ['XINFO STREAM', 'xInfoStream', { lead: 1, options: 'FULL COUNT' }],
  ['XLEN', 'xlen xLen', { lead: 1 }],
  ['XNACK', 'xnack', { lead: 3, options: 'IDS RETRYCOUNT FORCE' }],
  ['XPENDING', 'xpending xPending', { lead: 2, options: 'IDLE' }],
  ['XRANGE', 'xrange xRange', { lead: 3, options: 'COUNT' }],
  ['XREAD', 'xread xRead', { options: 'COUNT BLOCK STREAMS' }],
  ['XREADGROUP', 'xreadgroup xReadGroup', { options: 'GROUP COUNT BLOCK CLAIM NOACK STREAMS' }],
  ['XREVRANGE', 'xrevrange xRevRange', { lead: 3, options: 'COUNT' }],
  ['XSETID', 'xsetid xSetId', { lead: 2, options: 'ENTRIESADDED MAXDELETEDID' }],
  ['XTRIM', 'xtrim xTrim', { lead: 1, options: 'MAXLEN MINID = ~ LIMIT KEEPREF DELREF ACKED condition' }],
  ['ZADD', 'zadd zAdd', { lead: 1, options: 'NX XX condition GT LT comparison CH INCR', members: ['score', 'value'] }],
  ['ZCARD', 'zcard zCard', { lead: 1 }],
  ['ZCOUNT', 'zcount zCount', { lead: 3 }],
  ['ZDIFF', 'zdiff zDiff', { options: 'WITHSCORES', count: 0 }],
  ['ZDIFFSTORE', 'zdiffstore zDiffStore', { lead: 1, count: 1 }],
  ['ZINCRBY', 'zincrby zIncrBy', { lead: 3 }],
  ['ZINTER', 'zinter zInter', { options: 'WEIGHTS AGGREGATE WITHSCORES', count: 0 }],
  ['ZINTERCARD', 'zintercard zInterCard', { options: 'LIMIT', count: 0 }],
  ['ZINTERSTORE', 'zinterstore zInterStore', { lead: 1, options: 'WEIGHTS AGGREGATE', count: 1 }],
  ['ZLEXCOUNT', 'zlexcount zLexCount', { lead: 3 }],
  ['ZMPOP', 'zmpop zmPop', { options: 'MIN MAX COUNT', count: 0 }],
  ['ZMSCORE', 'zmscore zmScore', { lead: 1 }],
  ['ZPOPMAX', 'zpopmax zPopMax', { lead: 1 }],
  ['ZPOPMIN', 'zpopmin zPopMin', { lead: 1 }],
  ['ZRANDMEMBER', 'zrandmember zRandMember', { lead: 1, options: 'WITHSCORES' }],
  ['ZRANGE', 'zrange zRange', { lead: 3, options: 'BYSCORE BYLEX BY REV LIMIT WITHSCORES' }],
  ['ZRANGEBYLEX', 'zrangebylex zRangeByLex', { lead: 3, options: 'LIMIT' }],
  ['ZRANGEBYSCORE', 'zrangebyscore zRangeByScore', { lead: 3, options: 'WITHSCORES LIMIT' }],
  ['ZRANGESTORE', 'zrangestore zRangeStore', { lead: 4, options: 'BYSCORE BYLEX BY REV LIMIT' }],
  ['ZRANK', 'zrank zRank', { lead: 2, options: 'WITHSCORE' }],
  ['ZREM', 'zrem zRem', { lead: 1 }],
  ['ZREMRANGEBYLEX', 'zremrangebylex zRemRangeByLex', { lead: 3 }],
  ['ZREMRANGEBYRANK', 'zremrangebyrank zRemRangeByRank', { lead: 3 }],
  ['ZREMRANGEBYSCORE', 'zremrangebyscore zRemRangeByScore', { lead: 3 }],
  ['ZREVRANGE', 'zrevrange zRevRange', { lead: 3, options: 'WITHSCORES' }],
  ['ZREVRANGEBYLEX', 'zrevrangebylex zRevRangeByLex', { lead: 3, options: 'LIMIT' }],
  ['ZREVRANGEBYSCORE', 'zrevrangebyscore zRevRangeByScore', { lead: 3, options: 'WITHSCORES LIMIT' }],
  ['ZREVRANK', 'zrevrank zRevRank', { lead: 2, options: 'WITHSCORE' }],
  ['ZSCAN', 'zscan zScan', { lead: 2, options: 'MATCH COUNT NOSCORES' }],
  ['ZSCORE', 'zscore zScore', { lead: 2 }],
  ['ZUNION', 'zunion zUnion', { options: 'WEIGHTS AGGREGATE WITHSCORES', count: 0 }],
  ['ZUNIONSTORE', 'zunionstore zUnionStore', { lead: 1, options: 'WEIGHTS AGGREGATE', count: 1 }],
];
