//! Publish and subscribe.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::base::glob::glob_match;
use crate::base::memory::Purpose;
use crate::command::context::{self, Context, Flow};
use crate::command::{Begin, Command, Find, Flags, Group, KeySpec, flags, pattern, string};
use crate::resp::Reply;
use crate::resp::args::Args;
use crate::server::connection::{ConnId, Connection};
use crate::server::pubsub::{self, PubSub};
use crate::structures::ordered::{OrderedMap, OrderedSet};

/// What one can listen to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Channel,
    Pattern,
    ShardChannel,
}

impl Kind {
    const fn subscribed(self) -> &'static str {
        match self {
            Kind::Channel => "subscribe",
            Kind::Pattern => "psubscribe",
            Kind::ShardChannel => "ssubscribe",
        }
    }

    const fn unsubscribed(self) -> &'static str {
        match self {
            Kind::Channel => "unsubscribe",
            Kind::Pattern => "punsubscribe",
            Kind::ShardChannel => "sunsubscribe",
        }
    }

    fn names_of(self, connection: &mut Connection) -> &mut OrderedSet<Vec<u8>> {
        match self {
            Kind::Channel => &mut connection.subscriptions.channels,
            Kind::Pattern => &mut connection.subscriptions.patterns,
            Kind::ShardChannel => &mut connection.subscriptions.shard_channels,
        }
    }

    fn subscribers(self, pubsub: &mut PubSub) -> &mut OrderedMap<Vec<u8>, Vec<ConnId>> {
        match self {
            Kind::Channel => &mut pubsub.channels,
            Kind::Pattern => &mut pubsub.patterns,
            Kind::ShardChannel => &mut pubsub.shard_channels,
        }
    }

    /// The number that confirmations tell: channels and patterns together, shard channels apart.
    fn count(self, connection: &Connection) -> usize {
        match self {
            Kind::Channel | Kind::Pattern => connection.subscriptions.count(),
            Kind::ShardChannel => connection.subscriptions.shard_channels.len(),
        }
    }
}

fn subscribe(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    start(ctx, args, Kind::Channel)
}

fn psubscribe(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    start(ctx, args, Kind::Pattern)
}

fn ssubscribe(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    // The older commands are let through for the sake of old clients.
    if !ctx.may_block {
        return Err(Error::Text("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"));
    }
    start(ctx, args, Kind::ShardChannel)
}

fn unsubscribe(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    end(ctx, args, Kind::Channel)
}

fn punsubscribe(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    end(ctx, args, Kind::Pattern)
}

fn sunsubscribe(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    end(ctx, args, Kind::ShardChannel)
}

fn start(ctx: &mut Context<'_>, args: Args<'_>, kind: Kind) -> Result<Flow, Error> {
    // Each name is kept by the connection and in the directory, and confirmed.
    ctx.server.memory.take_for(Purpose::Control, 3 * args.memory_bytes())?;
    for name in args.from(1).iter() {
        let connection = ctx.server.connection(ctx.conn);
        if kind.names_of(connection).insert(name.to_vec()) {
            pubsub::add(kind.subscribers(&mut ctx.server.pubsub), name, ctx.conn);
        }
        confirm(ctx, kind, kind.subscribed(), Some(name));
    }
    Ok(Flow::Done)
}

fn end(ctx: &mut Context<'_>, args: Args<'_>, kind: Kind) -> Result<Flow, Error> {
    let all: Vec<Vec<u8>> = match args.len() {
        1 => kind.names_of(ctx.session()).iter().cloned().collect(),
        _ => args.from(1).iter().map(<[u8]>::to_vec).collect(),
    };
    for name in &all {
        if kind.names_of(ctx.session()).remove(name) {
            pubsub::remove(kind.subscribers(&mut ctx.server.pubsub), name, ctx.conn);
        }
        confirm(ctx, kind, kind.unsubscribed(), Some(name));
    }
    if all.is_empty() {
        confirm(ctx, kind, kind.unsubscribed(), None);
    }
    Ok(Flow::Done)
}

/// Tells a connection what has become of one of its subscriptions.
fn confirm(ctx: &mut Context<'_>, kind: Kind, event: &str, name: Option<&[u8]>) {
    let Context { server, reply, conn, .. } = ctx;
    let connection = server.connection(*conn);
    let count = kind.count(connection);
    if connection.reply_mode.is_muted() {
        // This is a push, and those are sent even where replies are not.
        write_confirmation(&mut server.output_of(*conn), event, name, count);
    } else {
        write_confirmation(reply, event, name, count);
    }
}

fn write_confirmation(reply: &mut Reply<'_>, event: &str, name: Option<&[u8]>, count: usize) {
    reply.push(3);
    reply.text(event);
    match name {
        Some(name) => reply.bulk(name),
        None => reply.null(),
    }
    reply.count(count);
}

/// A message is encoded once per protocol, and both go into the output, which may have to double for them.
const PUBLISH_COPIES: usize = 6;

fn publish(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.server.memory.take_for(Purpose::Temporary, PUBLISH_COPIES * args.extent())?;
    let receivers = pubsub::publish(ctx.server, args.at(1), args.at(2));
    ctx.reply.count(receivers);
    Ok(Flow::Done)
}

fn spublish(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    ctx.server.memory.take_for(Purpose::Temporary, PUBLISH_COPIES * args.extent())?;
    let receivers = pubsub::publish_shard(ctx.server, args.at(1), args.at(2));
    ctx.reply.count(receivers);
    Ok(Flow::Done)
}

fn channels(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    list_channels(ctx, args, Kind::Channel)
}

fn shard_channels(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    list_channels(ctx, args, Kind::ShardChannel)
}

fn list_channels(ctx: &mut Context<'_>, args: Args<'_>, kind: Kind) -> Result<Flow, Error> {
    if args.len() > 3 {
        let after = "'. Try PUBSUB HELP.";
        let before = "ERR unknown subcommand or wrong number of arguments for '";
        return Err(Error::quoting(before, args.at(1), after));
    }
    let Context { server, reply, .. } = ctx;
    let mark = reply.mark();
    let mut count = 0;
    for channel in kind.subscribers(&mut server.pubsub).keys() {
        if args.get(2).is_none_or(|pattern| glob_match(pattern, channel, false)) {
            reply.bulk(channel);
            count += 1;
        }
    }
    reply.wrap_array(mark, count);
    Ok(Flow::Done)
}

fn numpat(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    ctx.reply.count(ctx.server.pubsub.patterns.len());
    Ok(Flow::Done)
}

fn numsub(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    count_subscribers(ctx, args, Kind::Channel)
}

fn shardnumsub(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    count_subscribers(ctx, args, Kind::ShardChannel)
}

fn count_subscribers(ctx: &mut Context<'_>, args: Args<'_>, kind: Kind) -> Result<Flow, Error> {
    let Context { server, reply, .. } = ctx;
    let names = args.from(2);
    let subscribers = kind.subscribers(&mut server.pubsub);
    reply.array(names.len() * 2);
    for name in names.iter() {
        reply.bulk(name);
        reply.count(subscribers.get(name).map_or(0, Vec::len));
    }
    Ok(Flow::Done)
}

fn help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let lines = [
        "CHANNELS [<pattern>]",
        "    Names the channels with subscribers, or those that match the pattern.",
        "NUMPAT",
        "    Counts the different patterns with subscribers.",
        "NUMSUB [<channel> ...]",
        "    Counts the subscribers of each channel; those of patterns do not count.",
        "SHARDCHANNELS [<pattern>]",
        "    Names the shard channels with subscribers, or those that match the pattern.",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Counts the subscribers of each shard channel.",
    ];
    context::help(&mut ctx.reply, "PUBSUB", &lines);
    Ok(Flow::Done)
}

/// Shard channels decide about the slot as keys do, but are none.
const fn shard_channel_spec(last: i32) -> KeySpec {
    KeySpec {
        flags: &["not_key"],
        begin: Begin::Index(1),
        find: Find::Range { last, step: 1, limit: 0 },
        notes: "",
    }
}

const SUBCOMMANDS: &[Command] = &[
    Command {
        complexity: "O(N) with N channels.",
        flags: flags::ANYTIME.and(Flags::PUBSUB),
        args: &[pattern("pattern").optional()],
        reply: "array of bulk-string",
        handler: channels,
        ..Group::PubSub.row("CHANNELS", "2.8.0", "Names the channels that have subscribers.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: help,
        ..Group::PubSub.row("HELP", "6.2.0", "Describes the subcommands.")
    },
    Command {
        flags: flags::ANYTIME.and(Flags::PUBSUB),
        reply: "integer",
        handler: numpat,
        ..Group::PubSub.row("NUMPAT", "2.8.0", "Counts the different patterns that have subscribers.")
    },
    Command {
        complexity: "O(N) with N channels asked for.",
        flags: flags::ANYTIME.and(Flags::PUBSUB),
        args: &[string("channel").multiple().optional()],
        reply: "array of pairs of bulk-string and integer",
        handler: numsub,
        ..Group::PubSub.row("NUMSUB", "2.8.0", "Counts the subscribers of channels.")
    },
    Command {
        complexity: "O(N) with N shard channels.",
        flags: flags::ANYTIME.and(Flags::PUBSUB),
        args: &[pattern("pattern").optional()],
        reply: "array of bulk-string",
        handler: shard_channels,
        ..Group::PubSub.row("SHARDCHANNELS", "7.0.0", "Names the shard channels that have subscribers.")
    },
    Command {
        complexity: "O(N) with N shard channels asked for.",
        flags: flags::ANYTIME.and(Flags::PUBSUB),
        args: &[string("shardchannel").multiple().optional()],
        reply: "array of pairs of bulk-string and integer",
        handler: shardnumsub,
        ..Group::PubSub.row("SHARDNUMSUB", "7.0.0", "Counts the subscribers of shard channels.")
    },
];

pub(crate) const ROWS: &[Command] = &[
    Command {
        complexity: "O(N) with N patterns.",
        flags: flags::SESSION.and(Flags::PUBSUB).and(Flags::SUBSCRIBED),
        args: &[pattern("pattern").multiple()],
        reply: "push for every pattern",
        handler: psubscribe,
        ..Group::PubSub.row(
            "PSUBSCRIBE",
            "2.0.0",
            "Listens to every channel that matches one of these patterns.",
        )
    },
    Command {
        complexity: "O(N+M) with N subscribers of the channel and M patterns of all clients.",
        flags: flags::ANYTIME.and(Flags::PUBSUB).and(Flags::FAST),
        args: &[string("channel"), string("message")],
        reply: "integer",
        handler: publish,
        ..Group::PubSub.row("PUBLISH", "2.0.0", "Sends a message to all who listen to a channel.")
    },
    Command {
        complexity: "Depends on the subcommand.",
        reply: "any",
        subcommands: SUBCOMMANDS,
        ..Group::PubSub.row("PUBSUB", "2.8.0", "Tells about channels, patterns and their subscribers.")
    },
    Command {
        complexity: "O(N) with N patterns.",
        flags: flags::SESSION.and(Flags::PUBSUB).and(Flags::SUBSCRIBED),
        args: &[pattern("pattern").multiple().optional()],
        reply: "push for every pattern",
        handler: punsubscribe,
        ..Group::PubSub.row("PUNSUBSCRIBE", "2.0.0", "Stops listening to these patterns, or to all.")
    },
    Command {
        complexity: "O(N) with N subscribers of the shard channel.",
        flags: flags::ANYTIME.and(Flags::PUBSUB).and(Flags::FAST),
        args: &[string("shardchannel"), string("message")],
        reply: "integer",
        handler: spublish,
        keys: Some(&[shard_channel_spec(0)]),
        ..Group::PubSub.row("SPUBLISH", "7.0.0", "Sends a message to all who listen to a shard channel.")
    },
    Command {
        complexity: "O(N) with N shard channels.",
        flags: flags::SESSION.and(Flags::PUBSUB).and(Flags::SUBSCRIBED),
        args: &[string("shardchannel").multiple()],
        reply: "push for every channel",
        handler: ssubscribe,
        keys: Some(&[shard_channel_spec(-1)]),
        ..Group::PubSub.row("SSUBSCRIBE", "7.0.0", "Listens to shard channels.")
    },
    Command {
        complexity: "O(N) with N channels.",
        flags: flags::SESSION.and(Flags::PUBSUB).and(Flags::SUBSCRIBED),
        args: &[string("channel").multiple()],
        reply: "push for every channel",
        handler: subscribe,
        ..Group::PubSub.row("SUBSCRIBE", "2.0.0", "Listens to channels.")
    },
    Command {
        complexity: "O(N) with N shard channels.",
        flags: flags::SESSION.and(Flags::PUBSUB).and(Flags::SUBSCRIBED),
        args: &[string("shardchannel").multiple().optional()],
        reply: "push for every channel",
        handler: sunsubscribe,
        keys: Some(&[shard_channel_spec(-1)]),
        ..Group::PubSub.row("SUNSUBSCRIBE", "7.0.0", "Stops listening to these shard channels, or to all.")
    },
    Command {
        complexity: "O(N) with N channels.",
        flags: flags::SESSION.and(Flags::PUBSUB).and(Flags::SUBSCRIBED),
        args: &[string("channel").multiple().optional()],
        reply: "push for every channel",
        handler: unsubscribe,
        ..Group::PubSub.row("UNSUBSCRIBE", "2.0.0", "Stops listening to these channels, or to all.")
    },
];

#[cfg(test)]
mod tests;
