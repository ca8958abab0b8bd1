//! CLIENT TRACKING and its kin.

use alloc::vec::Vec;
use core::ops::Bound;

use crate::base::error::{Error, until_zero};
use crate::base::memory::Purpose;
use crate::command::context::{Context, Flow};
use crate::resp::args::{Args, Cursor};
use crate::server::Server;
use crate::server::connection::ConnId;
use crate::server::tracking::{self, Mode, Tracking, redirect_id};
use crate::structures::ordered::OrderedSet;
use crate::structures::sort::sort_by_key;

/// What CLIENT TRACKING was told besides on and off.
#[derive(Default)]
struct Options<'a> {
    redirect: Option<(ConnId, u64)>,
    broadcasts: bool,
    opts_in: bool,
    opts_out: bool,
    no_loop: bool,
    prefixes: Vec<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(server: &mut Server, mut cursor: Cursor<'a>) -> Result<Options<'a>, Error> {
        let mut options = Options::default();
        while !cursor.is_done() {
            if cursor.accept_with("REDIRECT", 1) {
                if options.redirect.is_some() {
                    return Err(Error::Text("ERR A client can only redirect to a single other client"));
                }
                let id = cursor.int()?;
                let found = u64::try_from(id).ok().and_then(|id| Some((server.find_client(id)?, id)));
                let unknown = Error::Text("ERR The client ID you want redirect to does not exist");
                options.redirect = Some(found.ok_or(unknown)?);
            } else if cursor.accept("BCAST") {
                options.broadcasts = true;
            } else if cursor.accept("OPTIN") {
                options.opts_in = true;
            } else if cursor.accept("OPTOUT") {
                options.opts_out = true;
            } else if cursor.accept("NOLOOP") {
                options.no_loop = true;
            } else if cursor.accept_with("PREFIX", 1) {
                options.prefixes.push(cursor.take()?);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether these fit together, and to what the connection does already.
    fn mode(&self, old: Option<&Tracking>) -> Result<Mode, Error> {
        let text = |text| Err(Error::Text(text));
        if !self.broadcasts && !self.prefixes.is_empty() {
            return text("ERR PREFIX option requires BCAST mode to be enabled");
        }
        if old.is_some_and(|old| (old.mode == Mode::Broadcast) != self.broadcasts) {
            return text(
                "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then \
                 re-enabling it with a different mode.",
            );
        }
        let old = old.map_or(Mode::Default, |old| old.mode);
        match (self.broadcasts, self.opts_in, self.opts_out) {
            (true, false, false) => Ok(Mode::Broadcast),
            (true, _, _) => text("ERR OPTIN and OPTOUT are not compatible with BCAST"),
            (_, true, true) => text("ERR You can't specify both OPTIN mode and OPTOUT mode"),
            (_, opts_in, opts_out)
                if (opts_in && old == Mode::OptOut) || (opts_out && old == Mode::OptIn) =>
            {
                text(
                    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then \
                     re-enabling it with a different mode.",
                )
            }
            (_, true, _) => Ok(Mode::OptIn),
            (_, _, true) => Ok(Mode::OptOut),
            _ => Ok(Mode::Default),
        }
    }

    /// No key may be told of twice, so no prefix may begin with another.
    fn check_prefixes(&self, old: &OrderedSet<Vec<u8>>) -> Result<(), Error> {
        let overlap = |new: &[u8], what: &str, other: &[u8]| {
            let parts: [&[u8]; 7] = [
                b"ERR Prefix '",
                until_zero(new, usize::MAX),
                b"' overlaps with ",
                what.as_bytes(),
                b" prefix '",
                until_zero(other, usize::MAX),
                b"'. Prefixes for a single client must not overlap.",
            ];
            Err(Error::Quoting(parts.concat()))
        };
        let begin_alike = overlapping(&self.prefixes);
        for (at, new) in self.prefixes.iter().enumerate() {
            if let Some(other) = overlapped(old, new) {
                return overlap(new, "an existing", other);
            }
            let overlaps = |other: &&&[u8]| new.starts_with(other) || other.starts_with(new);
            // Of those that overlap, the first does so with a later one.
            if begin_alike[at]
                && let Some(other) = self.prefixes[at + 1..].iter().find(overlaps)
            {
                return overlap(new, "another provided", other);
            }
        }
        Ok(())
    }
}

/// The first of some prefixes that overlaps with this one. None of them overlaps with another but the empty one, which
/// stands for a request without prefixes and is let in beside those that there are. So in their order nothing lies between
/// what is found and the new one.
fn overlapped<'a>(old: &'a OrderedSet<Vec<u8>>, new: &[u8]) -> Option<&'a [u8]> {
    if let Some(all) = old.iter().next().filter(|first| first.is_empty()) {
        return Some(all);
    }
    let before = old
        .range::<[u8], _>((Bound::Unbounded, Bound::Excluded(new)))
        .next_back()
        .filter(|other| new.starts_with(other));
    let behind = || {
        old.range::<[u8], _>((Bound::Included(new), Bound::Unbounded))
            .next()
            .filter(|other| other.starts_with(new))
    };
    before.or_else(behind).map(Vec::as_slice)
}

/// For each prefix whether it begins with another one, or another one with it.
fn overlapping(prefixes: &[&[u8]]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..prefixes.len()).collect();
    sort_by_key(&mut order, |&at| prefixes[at]);
    let (mut found, mut outer): (Vec<bool>, Vec<usize>) = (alloc::vec![false; prefixes.len()], Vec::new());
    for at in order {
        while outer.last().is_some_and(|&last| !prefixes[at].starts_with(prefixes[last])) {
            outer.pop();
        }
        if let Some(&last) = outer.last() {
            (found[last], found[at]) = (true, true);
        }
        outer.push(at);
    }
    found
}

pub(super) fn tracking(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let options = Options::parse(ctx.server, args.cursor(3))?;
    match (args.is(2, "ON"), args.is(2, "OFF")) {
        (true, _) => enable(ctx, args, options)?,
        (_, true) => tracking::disable(ctx.store, ctx.server, ctx.conn),
        _ => return Err(Error::Syntax),
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

fn enable(ctx: &mut Context<'_>, args: Args<'_>, options: Options<'_>) -> Result<(), Error> {
    let old = ctx.session().tracking.as_deref();
    let mode = options.mode(old)?;
    let mut prefixes = OrderedSet::new();
    if mode == Mode::Broadcast {
        options.check_prefixes(old.map_or(&prefixes, |old| &old.prefixes))?;
        prefixes = options.prefixes.iter().map(|prefix| prefix.to_vec()).collect();
        if prefixes.is_empty() {
            prefixes.insert(Vec::new());
        }
    }
    // Each prefix is kept by the connection and in the table.
    ctx.server.memory.take_for(Purpose::Control, 2 * args.memory_bytes())?;
    let tracking = Tracking {
        mode,
        no_loop: options.no_loop,
        is_caching: false,
        redirect: options.redirect,
        is_redirect_broken: false,
        prefixes,
    };
    tracking::enable(ctx.store, ctx.server, ctx.conn, tracking);
    Ok(())
}

pub(super) fn caching(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let Some(tracking) = &mut ctx.session().tracking else {
        return Err(Error::Text(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode \
             enabled",
        ));
    };
    match (args.is(2, "YES"), args.is(2, "NO"), tracking.mode) {
        (true, _, Mode::OptIn) | (_, true, Mode::OptOut) => tracking.is_caching = true,
        (true, _, _) => {
            return Err(Error::Text(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
        (_, true, _) => {
            return Err(Error::Text(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
        _ => return Err(Error::Syntax),
    }
    ctx.reply.ok();
    Ok(Flow::Done)
}

pub(super) fn getredir(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let id = redirect_id(ctx.session().tracking.as_deref());
    ctx.reply.int(id);
    Ok(Flow::Done)
}

pub(super) fn trackinginfo(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let Context { server, reply, conn, .. } = ctx;
    let tracking = server.connection(*conn).tracking.as_deref();
    let flags = tracking.map_or_else(|| alloc::vec!["off"], flags);
    reply.map(3);
    reply.text("flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.text(flag));
    reply.text("redirect");
    reply.int(redirect_id(tracking));
    reply.text("prefixes");
    reply.array(tracking.map_or(0, |tracking| tracking.prefixes.len()));
    tracking.iter().flat_map(|tracking| &tracking.prefixes).for_each(|prefix| reply.bulk(prefix));
    Ok(Flow::Done)
}

fn flags(tracking: &Tracking) -> Vec<&'static str> {
    let Tracking { mode, no_loop, is_caching, is_redirect_broken, .. } = *tracking;
    let flags = [
        (true, "on"),
        (mode == Mode::Broadcast, "bcast"),
        (mode == Mode::OptIn, "optin"),
        (mode == Mode::OptIn && is_caching, "caching-yes"),
        (mode == Mode::OptOut, "optout"),
        (mode == Mode::OptOut && is_caching, "caching-no"),
        (no_loop, "noloop"),
        (is_redirect_broken, "broken_redirect"),
    ];
    flags.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// Each prefix was compared with each other.
    #[test]
    fn overlaps_are_those_that_a_comparison_of_all_finds() {
        let mut random = Random::new(*b"prefixes overlap");
        for _ in 0..2000 {
            let mut word = |len: u64| (0..random.below(len)).map(|_| b'a' + random.below(2) as u8).collect();
            let words: Vec<Vec<u8>> = (0..8).map(|_| word(7)).collect();
            let prefixes: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            let overlaps = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
            let naive =
                |at: usize| (0..8).any(|other| other != at && overlaps(prefixes[at], prefixes[other]));
            assert_eq!(overlapping(&prefixes), (0..8).map(naive).collect::<Vec<_>>(), "{words:?}");
            let mut old: OrderedSet<Vec<u8>> = OrderedSet::new();
            for new in &prefixes {
                let found = old.iter().map(Vec::as_slice).find(|other| overlaps(other, new));
                assert_eq!(overlapped(&old, new), found);
                if found.is_none() || new.is_empty() {
                    old.insert(new.to_vec());
                }
            }
        }
    }
}
