//! What is done before requests are executed: parsing as many as a batch takes, and loading their keys.

use alloc::vec::Vec;

use super::{BATCH_REQUESTS_MAX, Engine, Request};
use crate::base::bytes;
use crate::command::ResolvedCommand;
use crate::number;
use crate::resp::args::{Args, Range};
use crate::resp::{Parsed, Parser, short_second_argument};
use crate::server::connection::{ConnId, Restrictions};

impl Engine {
    /// Says which inputs come next, so that the cache misses of their first keys overlap. It is a hint, which changes
    /// nothing but how fast they are handled.
    pub fn look_ahead<'a>(&mut self, inputs: impl Iterator<Item = (ConnId, &'a [u8])>) {
        let mut hashes = [0; BATCH_REQUESTS_MAX];
        let (mut keys, mut keys_db) = (0, 0);
        for (conn, bytes) in inputs {
            let Some(key) = short_second_argument(bytes) else { continue };
            let Some(connection) = self.server.get(conn) else { continue };
            let db = connection.db;
            if keys == BATCH_REQUESTS_MAX || db != keys_db {
                self.store.prefetch(keys_db, &hashes[..keys]);
                (keys, keys_db) = (0, db);
            }
            hashes[keys] = self.store.encoding_limits.seed.hash(key);
            keys += 1;
        }
        if keys > 1 {
            self.store.prefetch(keys_db, &hashes[..keys]);
        }
    }

    /// Parses as many requests as a batch takes, and touches their keys.
    #[inline(never)]
    pub(super) fn gather(
        &mut self,
        conn: ConnId,
        input: &[u8],
        parser: &mut Parser,
        ranges: &mut Vec<Range>,
        requests: &mut Vec<Request>,
    ) -> Parsed {
        let connection = self.server.connection(conn);
        let (restricted, db) = (connection.restrictions.has(Restrictions::NOT_LOGGED_IN), connection.db);
        let limits = self.server.config.limits(restricted, self.server.memory);
        // Authentication lifts limits, so what follows it must not be parsed before it has run.
        let most = if restricted { 1 } else { BATCH_REQUESTS_MAX };
        let mut first = 0;
        let mut hashes = [0; BATCH_REQUESTS_MAX];
        let mut keys = 0;
        // Pipelines mostly repeat a command. There is none without a name.
        let (mut last_name, mut last_row): (&[u8], Option<ResolvedCommand>) = (b"", None);
        let end = loop {
            let parsed = parser.next(input, ranges, &limits);
            let is_inline = match parsed {
                Parsed::Request => false,
                Parsed::Inline(range) => {
                    ranges.push(range);
                    true
                }
                Parsed::Nothing => {
                    self.server.stop_loading("a command without words", &[]);
                    continue;
                }
                end => break end,
            };
            let args = Args::new(input, &ranges[first..]);
            let row = if is_inline {
                None
            } else {
                // Borrowed from the input alone, so that it outlives the list of ranges as it is.
                let (start, len) = ranges[first];
                let name = &input[start as usize..][..len as usize];
                if !bytes::equal(name, last_name) {
                    (last_name, last_row) = (name, self.server.lookup.resolve(name));
                }
                last_row
            };
            let mut hash = 0;
            let is_keyed = args.len() > 1 && row.is_some_and(ResolvedCommand::begins_with_key);
            if is_keyed {
                hash = self.store.encoding_limits.seed.hash(args.at(1));
                hashes[keys] = hash;
                keys += 1;
            }
            let range = (number::short(first), number::short(ranges.len()));
            requests.push(Request { ranges: range, end: parser.position, row, hash, is_keyed, is_inline });
            first = ranges.len();
            if requests.len() >= most {
                break Parsed::Nothing;
            }
        };
        // A single request gains nothing by being looked up twice.
        if keys > 1 {
            self.store.prefetch(db, &hashes[..keys]);
        }
        end
    }
}
