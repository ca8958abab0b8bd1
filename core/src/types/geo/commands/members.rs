//! Commands about members by name: GEOADD, GEODIST, GEOHASH, GEOPOS.

use alloc::vec::Vec;

use super::{UNIT, location, reply_distance, reply_position, unit};
use crate::base::error::Error;
use crate::command::context::{Context, Flow};
use crate::command::{Command, Group, block, double, flags, key, keys, one_of, string, token};
use crate::resp::args::Args;
use crate::types::geo::Position;
use crate::types::zset::commands::{Conditions, add_members, reply_of_scores};

fn geoadd(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let mut conditions = Conditions::default();
    let mut cursor = args.cursor(2);
    loop {
        if cursor.accept("NX") {
            conditions.if_absent = true;
        } else if cursor.accept("XX") {
            conditions.if_present = true;
        } else if cursor.accept("CH") {
            conditions.counts_changes = true;
        } else {
            break;
        }
    }
    let locations = args.from(cursor.position());
    if locations.is_empty()
        || !locations.len().is_multiple_of(3)
        || (conditions.if_absent && conditions.if_present)
    {
        return Err(Error::Syntax);
    }
    // All of them are read before any is added.
    let scores: Vec<u64> = (0..locations.len())
        .step_by(3)
        .map(|at| location(locations.at(at), locations.at(at + 1)).map(Position::score))
        .collect::<Result<_, _>>()?;
    let members = locations.iter().skip(2).step_by(3);
    add_members(ctx, args.at(1), conditions, scores.into_iter().map(|score| score as f64).zip(members))
}

fn geodist(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    if args.len() > 5 {
        return Err(Error::Syntax);
    }
    let unit = args.get(4).map_or(Ok(1.0), unit)?;
    let zset = ctx.store.zset(args.at(1))?;
    let place_of = |member: &[u8]| zset.and_then(|zset| zset.score(member)).map(Position::of_score);
    match (place_of(args.at(2)), place_of(args.at(3))) {
        (Some(one), Some(other)) => reply_distance(&mut ctx.reply, one.distance(other) / unit),
        _ => ctx.reply.null(),
    }
    Ok(Flow::Done)
}

fn geohash(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_of_scores(ctx, args, |reply, score| match score {
        Some(score) => reply.bulk(&Position::of_score(score).geohash()),
        None => reply.null(),
    })
}

fn geopos(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    reply_of_scores(ctx, args, |reply, score| match score {
        Some(score) => reply_position(reply, Position::of_score(score)),
        None => reply.null_array(),
    })
}

pub(super) const ROWS: &[Command] = &[
    Command {
        complexity: "O(log(N)) for each member, with N members in the set",
        flags: flags::GROW,
        args: &[
            key("key"),
            one_of("condition", &[token("nx", "NX"), token("xx", "XX")]).optional().since("6.2.0"),
            token("change", "CH").optional().since("6.2.0"),
            block("data", &[double("longitude"), double("latitude"), string("member")]).multiple(),
        ],
        reply: "integer",
        handler: geoadd,
        keys: Some(keys::UPDATE),
        ..Group::Geo.row(
            "GEOADD",
            "3.2.0",
            "Adds members with their locations to a sorted set, or moves them.",
        )
    },
    Command {
        flags: flags::READ,
        args: &[key("key"), string("member1"), string("member2"), UNIT.optional()],
        reply: "bulk-string | null",
        handler: geodist,
        ..Group::Geo.row("GEODIST", "3.2.0", "Returns the distance between the locations of two members.")
    },
    Command {
        complexity: "O(1) for each member",
        flags: flags::READ,
        args: &[key("key"), string("member").multiple().optional()],
        reply: "array of bulk-string or null",
        handler: geohash,
        ..Group::Geo.row("GEOHASH", "3.2.0", "Returns the locations of members as geohash strings.")
    },
    Command {
        complexity: "O(1) for each member",
        flags: flags::READ,
        args: &[key("key"), string("member").multiple().optional()],
        reply: "array of array of double or null",
        handler: geopos,
        ..Group::Geo.row("GEOPOS", "3.2.0", "Returns the longitudes and latitudes of members.")
    },
];
