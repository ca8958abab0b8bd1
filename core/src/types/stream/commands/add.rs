//! Adding entries, and trimming to a size or an age.

use alloc::vec::Vec;

use super::{REFERENCES, parse_id, strict_id, write_id};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{
    Arg, Command, Group, KeySpec, access, block, flags, integer, key, keys, one_of, string, token,
};
use crate::config::Limit;
use crate::keyspace::NotifyClass;
use crate::number;
use crate::resp::args::{Args, Cursor};
use crate::types::stream::{Excess, ID_CHARS_MAX, Id, References, Stream, Trim};

/// Without a limit of the client's, approximate trimming takes away at most so many full chunks.
const TRIM_CHUNKS_MAX: u64 = 100;
/// The same in entries, where chunks have no limit, or a very large one.
const TRIM_ENTRIES_MAX: (u64, u64) = (10_000, 1_000_000);
/// An entry with more bytes than this is refused, as Redis does.
const ENTRY_BYTES_MAX: usize = 1 << 30;

const LIMIT_WITHOUT_APPROXIMATION: Error =
    Error::Text("ERR syntax error, LIMIT cannot be used without the special ~ option");

/// The ID that an entry is to have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// `*`
    Auto,
    /// `ms-*`
    Time(u64),
    /// `ms-seq`
    Full(Id),
}

/// The options of XADD and XTRIM.
struct Options {
    trim: Option<Trim>,
    /// Index of the word or the number behind MAXLEN or MINID.
    trim_at: usize,
    no_mkstream: bool,
    wanted: Wanted,
    /// Index of the first argument behind the options.
    end: usize,
}

/// What was read so far.
#[derive(Default)]
struct Draft {
    excess: Option<Excess>,
    is_approximate: bool,
    limit: Option<u64>,
    references: Option<References>,
    trim_at: usize,
    no_mkstream: bool,
}

impl Options {
    fn parse(ctx: &Context<'_>, args: Args<'_>, is_add: bool) -> Result<Options, Error> {
        let mut draft = Draft::default();
        let mut cursor = args.cursor(2);
        let mut wanted = Wanted::Auto;
        while let Some(word) = args.get(cursor.position()) {
            if is_add && word == b"*" {
                cursor.take()?;
                break;
            }
            if draft.accept(&mut cursor, args, is_add)? {
                continue;
            }
            // In a log of Redis 8.6 stands who has sent an entry as which request; the entry was added then.
            if is_add && ctx.server.is_loading && cursor.accept_with("IDMP", 2) {
                cursor.many(2)?;
                continue;
            }
            if !is_add {
                return Err(Error::Syntax);
            }
            wanted = match parse_id(cursor.take()?, 0)? {
                (id, true) => Wanted::Full(id),
                (id, false) => Wanted::Time(id.ms),
            };
            break;
        }
        let end = cursor.position();
        let trim = draft.trim(ctx.store.encoding_limits.stream_node_entries_max, is_add)?;
        Ok(Options { trim, trim_at: draft.trim_at, no_mkstream: draft.no_mkstream, wanted, end })
    }
}

impl Draft {
    /// Reads one option, if there is one.
    fn accept(&mut self, cursor: &mut Cursor<'_>, args: Args<'_>, is_add: bool) -> Result<bool, Error> {
        let is_length = cursor.accept_with("MAXLEN", 1);
        if is_length || cursor.accept_with("MINID", 1) {
            if self.excess.is_some() {
                return Err(Error::Text(
                    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible",
                ));
            }
            self.trim_at = cursor.position();
            self.is_approximate = cursor.accept_with("~", 1);
            if !self.is_approximate {
                cursor.accept_with("=", 1);
            }
            self.excess = Some(if is_length {
                Excess::MaxLen(positive(cursor, "ERR The MAXLEN argument must be >= 0.")?)
            } else {
                Excess::MinId(strict_id(cursor.take()?, 0)?)
            });
        } else if cursor.accept_with("LIMIT", 1) {
            self.limit = Some(positive(cursor, "ERR The LIMIT argument must be >= 0.")?);
        } else if is_add && cursor.accept("NOMKSTREAM") {
            self.no_mkstream = true;
        } else if self.references.is_none()
            && let Some(references) = args.get(cursor.position()).and_then(References::parse)
        {
            cursor.take()?;
            self.references = Some(references);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn trim(&self, chunk_entries_max: Limit, is_add: bool) -> Result<Option<Trim>, Error> {
        let Some(excess) = self.excess else {
            return match self.limit {
                Some(1..) => Err(Error::Text(
                    "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy",
                )),
                _ if !is_add => Err(Error::Text(
                    "ERR syntax error, XTRIM must be called with either MAXLEN or MINID trimming strategies",
                )),
                Some(_) => Err(LIMIT_WITHOUT_APPROXIMATION),
                None => Ok(None),
            };
        };
        let limit = match self.limit {
            Some(_) if !self.is_approximate => {
                return Err(LIMIT_WITHOUT_APPROXIMATION);
            }
            Some(limit) => Some(limit).filter(|&limit| limit > 0),
            None if self.is_approximate => {
                Some(match TRIM_CHUNKS_MAX.saturating_mul(chunk_entries_max.value()) {
                    0 => TRIM_ENTRIES_MAX.0,
                    limit => limit.min(TRIM_ENTRIES_MAX.1),
                })
            }
            None => None,
        };
        let references = self.references.unwrap_or_default();
        Ok(Some(Trim { excess, is_approximate: self.is_approximate, limit, references }))
    }
}

fn positive(cursor: &mut Cursor<'_>, error: &'static str) -> Result<u64, Error> {
    u64::try_from(cursor.int()?).map_err(|_| Error::Text(error))
}

impl References {
    /// The option of this name.
    pub(super) fn parse(word: &[u8]) -> Option<References> {
        let names = [
            (&b"KEEPREF"[..], References::Keep),
            (b"DELREF", References::Delete),
            (b"ACKED", References::Acknowledged),
        ];
        names.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, references)| references)
    }
}

impl Wanted {
    /// The ID that the next entry of a stream gets.
    fn next(self, stream: &Stream, now: u64) -> Result<Id, Error> {
        const TOO_SMALL: Error =
            Error::Text("ERR The ID specified in XADD is equal or smaller than the target stream top item");
        let last = stream.last_id;
        let id = match self {
            Wanted::Auto if now > last.ms => Some(Id::new(now, 0)),
            Wanted::Auto => last.next(),
            Wanted::Time(ms) if ms == last.ms => last.seq.checked_add(1).map(|seq| Id::new(ms, seq)),
            Wanted::Time(ms) => Some(Id::new(ms, 0)),
            Wanted::Full(id) => Some(id),
        };
        id.filter(|&id| id > last).ok_or(TOO_SMALL)
    }
}

fn xadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let options = Options::parse(ctx, args, true)?;
    let fields = args.from(options.end);
    if fields.len() < 2 || fields.len() % 2 == 1 {
        return Err(Error::Arity(ctx.name()));
    }
    if options.wanted == Wanted::Full(Id::MIN) {
        return Err(Error::Text("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let key = args.at(1);
    if options.no_mkstream && ctx.store.stream_mut(key)?.is_none() {
        ctx.reply.null();
        return Ok(Flow::Done);
    }
    let (limits, now) = (ctx.store.encoding_limits, ctx.clock_millis());
    let stream = ctx.store.stream_or_new(key)?;
    if stream.last_id == Id::MAX {
        return Err(Error::Text(
            "ERR The stream has exhausted the last possible ID, unable to add more items",
        ));
    }
    let id = options.wanted.next(stream, now)?;
    if fields.iter().map(<[u8]>::len).sum::<usize>() > ENTRY_BYTES_MAX {
        return Err(Error::Text("ERR Elements are too large to be stored"));
    }
    let pairs = (0..fields.len() / 2).map(|nth| (fields.at(2 * nth), fields.at(2 * nth + 1)));
    stream.append(id, pairs, &limits);
    write_id(&mut ctx.reply, id);
    ctx.store.changed(key, NotifyClass::Stream, "xadd");
    let trimmed = match &options.trim {
        Some(trim) => trim_stream(ctx, key, trim)? > 0,
        None => false,
    };
    if trimmed {
        ctx.store.notify(NotifyClass::Stream, "xtrim", key);
    }
    record_add(ctx, args, &options, id)?;
    ctx.store.wake_waiters(key);
    Ok(Flow::Done)
}

fn trim_stream(ctx: &mut Context<'_>, key: &[u8], trim: &Trim) -> Result<u64, Error> {
    // Only where references count can anything but the first chunks be changed.
    let stream = match trim.references {
        References::Keep => ctx.store.stream_mut(key)?,
        References::Delete | References::Acknowledged => ctx.store.whole_stream_mut(key)?,
    };
    Ok(stream.map_or(0, |stream| stream.trim(trim)))
}

/// Records an XADD with the ID that the entry got, and with the size that the stream was trimmed to.
fn record_add(ctx: &mut Context<'_>, args: Args<'_>, options: &Options, id: Id) -> Result<(), Error> {
    if !ctx.store.effects.enabled || (inexact(options).is_none() && matches!(options.wanted, Wanted::Full(_)))
    {
        return Ok(());
    }
    let text = id_text(id);
    let mut words: Vec<&[u8]> = args.iter().collect();
    words[options.end - 1] = &text;
    let reached = reached(ctx, args.at(1), options)?;
    // What comes before the ID are options; all but those of trimming can stay.
    let words = exact(words, options, &reached);
    ctx.store.effects.rewrite(words.into_iter());
    Ok(())
}

/// A trimming that has reached less than it was asked for, and that an exact bound describes: what spares some
/// entries is run as it was.
fn inexact(options: &Options) -> Option<Trim> {
    options.trim.filter(|trim| trim.is_approximate && trim.references != References::Acknowledged)
}

/// The bound that approximate trimming has reached, as an exact one.
fn reached(ctx: &mut Context<'_>, key: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let Some(trim) = inexact(options) else { return Ok(Vec::new()) };
    let Some(stream) = ctx.store.stream_mut(key)? else { return Ok(Vec::new()) };
    Ok(match trim.excess {
        Excess::MinId(_) if !stream.is_empty() => id_text(stream.first_id()),
        // Behind an empty stream there is no ID to trim to, but a length.
        _ => {
            let mut text = Vec::new();
            number::write_u64(&mut text, stream.len() as u64);
            text
        }
    })
}

/// The words of a request with an exact bound in the place of an approximate one, and without its limit.
fn exact<'a>(words: Vec<&'a [u8]>, options: &Options, reached: &'a [u8]) -> Vec<&'a [u8]> {
    if reached.is_empty() {
        return words;
    }
    let mut at = options.trim_at;
    let mut out: Vec<&[u8]> = words[..at - 1].to_vec();
    let strategy: &[u8] = if reached.contains(&b'-') { b"MINID" } else { b"MAXLEN" };
    out.extend([strategy, b"=", reached]);
    let mut rest = at + 2;
    while rest < words.len() {
        if rest < options.end && words[rest].eq_ignore_ascii_case(b"LIMIT") {
            rest += 2;
            continue;
        }
        out.push(words[rest]);
        rest += 1;
    }
    // A limit may stand before the bound as well, but not before the key.
    while let Some(limit) = out[2..at - 1].iter().position(|word| word.eq_ignore_ascii_case(b"LIMIT")) {
        out.drain(limit + 2..limit + 4);
        at -= 2;
    }
    out
}

fn id_text(id: Id) -> Vec<u8> {
    id.text(&mut [0; ID_CHARS_MAX]).to_vec()
}

fn xtrim(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let options = Options::parse(ctx, args, false)?;
    let key = args.at(1);
    if let Some(trim) = options.trim {
        let removed = trim_stream(ctx, key, &trim)?;
        ctx.reply.int(removed as i64);
        if removed > 0 {
            ctx.store.changed(key, NotifyClass::Stream, "xtrim");
            if inexact(&options).is_some() && ctx.store.effects.enabled {
                let reached = reached(ctx, key, &options)?;
                let words = exact(args.iter().collect(), &options, &reached);
                ctx.store.effects.rewrite(words.into_iter());
            }
        }
    }
    Ok(Flow::Done)
}

const OPERATOR: Arg = one_of("operator", &[token("equal", "="), token("approximately", "~")]).optional();
const STRATEGY: Arg =
    one_of("strategy", &[token("maxlen", "MAXLEN"), token("minid", "MINID").since("6.2.0")]);

const TRIM: &[Arg] =
    &[STRATEGY, OPERATOR, string("threshold"), integer("count").after("LIMIT").optional().since("6.2.0")];

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(1), and O(N) when N entries are trimmed",
        flags: flags::GROW_FAST,
        args: &[
            key("key"),
            token("nomkstream", "NOMKSTREAM").optional().since("6.2.0"),
            REFERENCES.since("8.2.0"),
            block("trim", TRIM).optional(),
            one_of("id-selector", &[token("auto-id", "*"), string("id")]),
            block("data", &[string("field"), string("value")]).multiple(),
        ],
        reply: "bulk-string | null",
        handler: xadd,
        keys: Some(&[KeySpec::range(1, 0, access::UPDATE).noting("It may trim as well as add.")]),
        tips: &["nondeterministic_output"],
        ..Group::Stream.row(
            "XADD",
            "5.0.0",
            "Appends an entry to a stream; the key is created when it does not exist.",
        )
    },
    Command {
        complexity: "O(N) with N entries deleted",
        flags: flags::WRITE,
        args: &[key("key"), block("trim", TRIM), REFERENCES],
        reply: "integer",
        handler: xtrim,
        keys: Some(keys::DELETE),
        tips: &["nondeterministic_output"],
        ..Group::Stream.row(
            "XTRIM",
            "5.0.0",
            "Deletes the oldest entries of a stream, down to a number or up to an ID.",
        )
    },
];
