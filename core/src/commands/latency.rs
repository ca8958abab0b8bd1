//! LATENCY: when commands took long, and how long each command takes.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::base::error::Error;
use crate::command::context::{Context, Flow, help};
use crate::command::{Command, Group, flags, string};
use crate::number;
use crate::observe::{Counts, Event, Sample};
use crate::resp::args::Args;

fn latest(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let events = &ctx.server.observer.latency.events;
    ctx.reply.array(events.len());
    for (name, event) in events {
        let last = event.samples.back().copied().unwrap_or(Sample { at: 0, millis: 0 });
        ctx.reply.array(4);
        ctx.reply.text(name);
        ctx.reply.int(last.at as i64);
        ctx.reply.int(last.millis as i64);
        ctx.reply.int(event.max_millis as i64);
    }
    Ok(Flow::Done)
}

fn history(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let none = VecDeque::new();
    let samples = find(ctx, args.at(2)).map_or(&none, |event| &event.samples).clone();
    ctx.reply.array(samples.len());
    for sample in samples {
        ctx.reply.array(2);
        ctx.reply.int(sample.at as i64);
        ctx.reply.int(sample.millis as i64);
    }
    Ok(Flow::Done)
}

fn find<'a>(ctx: &'a Context<'_>, name: &[u8]) -> Option<&'a Event> {
    let name = core::str::from_utf8(name).ok()?;
    ctx.server.observer.latency.events.get(name)
}

fn reset(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let removed = ctx.server.observer.latency.reset(args.from(2).iter());
    ctx.reply.count(removed);
    Ok(Flow::Done)
}

fn histogram(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let all: Vec<(&str, &Counts)> =
        ctx.server.observer.statistics.all().filter(|(_, counts)| counts.histogram.is_some()).collect();
    let mut found: Vec<(&str, &Counts)> = Vec::new();
    if args.len() == 2 {
        found = all;
    } else {
        for name in args.from(2).iter() {
            let name = name.to_ascii_lowercase();
            // A container's name stands for its subcommands.
            let is_wanted = |own: &str| {
                own.as_bytes()
                    .strip_prefix(name.as_slice())
                    .is_some_and(|rest| rest.is_empty() || rest[0] == b'|')
            };
            found.extend(all.iter().copied().filter(|(own, _)| is_wanted(own)));
        }
    }
    let reply = &mut ctx.reply;
    reply.map(found.len());
    for (name, counts) in found {
        let Some(histogram) = &counts.histogram else { continue };
        let powers: Vec<(u64, u64)> = histogram.powers().collect();
        reply.text(name);
        reply.map(2);
        reply.text("calls");
        reply.int(histogram.total as i64);
        reply.text("histogram_usec");
        reply.map(powers.len());
        for (micros, until) in powers {
            reply.int(micros as i64);
            reply.int(until as i64);
        }
    }
    Ok(Flow::Done)
}

fn doctor(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    let latency = &ctx.server.observer.latency;
    let mut text = String::new();
    if latency.events.is_empty() && latency.threshold_millis == 0 {
        text.push_str(
            "Latency is not monitored. Set latency-monitor-threshold to the milliseconds from which an event is \
             worth recording.\n",
        );
    } else if latency.events.is_empty() {
        text.push_str("No event has taken as long as latency-monitor-threshold.\n");
    } else {
        text.push_str("Events that took long:\n\n");
        for (nth, (name, event)) in latency.events.iter().enumerate() {
            let count = event.samples.len() as u64;
            let sum: u64 = event.samples.iter().map(|sample| sample.millis).sum();
            text.push_str(&format!(
                "{}. {name}: {count} seconds with long events, {} ms on average, {} ms at worst.\n",
                nth + 1,
                sum / count.max(1),
                event.max_millis
            ));
        }
        text.push_str(
            "\nSLOWLOG GET names the commands. Commands without a bound, such as KEYS, SORT or a whole LRANGE, take \
             as long as their data is large; SCAN and its kin do the same in steps.\n",
        );
    }
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(Flow::Done)
}

/// Columns of a graph.
const GRAPH_COLUMNS: usize = 80;
/// Rows of a graph.
const GRAPH_ROWS: usize = 4;

fn graph(ctx: &mut Context<'_>, args: Args<'_>) -> Result<Flow, Error> {
    let now = ctx.server.now / 1_000_000;
    let Some(event) = find(ctx, args.at(2)) else {
        return Err(Error::quoting_all("ERR No samples available for event '", args.at(2), "'"));
    };
    let samples: Vec<Sample> = event.samples.iter().copied().collect();
    let shown = &samples[samples.len().saturating_sub(GRAPH_COLUMNS)..];
    let high = shown.iter().map(|sample| sample.millis).max().unwrap_or(0);
    let low = shown.iter().map(|sample| sample.millis).min().unwrap_or(0);
    let name = String::from_utf8_lossy(args.at(2));
    let mut text = format!(
        "{name} - high {high} ms, low {low} ms (all time high {} ms)\n{}\n",
        event.max_millis,
        "-".repeat(GRAPH_COLUMNS)
    );
    draw(shown, now, (low, high), &mut text);
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(Flow::Done)
}

/// Draws a column per sample, and below each, from top to bottom, how long ago it was.
fn draw(samples: &[Sample], now: u64, (low, high): (u64, u64), text: &mut String) {
    const TOPS: [char; 3] = ['_', 'o', '#'];
    let steps = (TOPS.len() * GRAPH_ROWS) as u64;
    let range = (high - low).max(1);
    for row in 0..GRAPH_ROWS {
        for sample in samples {
            let step = number::index(((sample.millis - low) * steps / range).min(steps - 1));
            let below = (GRAPH_ROWS - row - 1) * TOPS.len();
            text.push(match step.checked_sub(below) {
                Some(top) if top < TOPS.len() => TOPS[top],
                Some(_) => '|',
                None => ' ',
            });
        }
        text.push('\n');
    }
    let labels: Vec<Vec<char>> =
        samples.iter().map(|sample| age(now.saturating_sub(sample.at)).chars().collect()).collect();
    text.push_str(&" ".repeat(samples.len()));
    text.push('\n');
    for row in 0..labels.iter().map(Vec::len).max().unwrap_or(0) {
        text.extend(labels.iter().map(|label| label.get(row).copied().unwrap_or(' ')));
        text.push('\n');
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn latency_help(ctx: &mut Context<'_>, _: Args<'_>) -> Result<Flow, Error> {
    help(
        &mut ctx.reply,
        "LATENCY",
        &[
            "DOCTOR",
            "    What took long, in words.",
            "GRAPH <event>",
            "    When an event took long, as a picture.",
            "HISTOGRAM [<command> ...]",
            "    How long commands take: for powers of two of microseconds, how many calls were",
            "    as fast. It is counted with latency-tracking.",
            "HISTORY <event>",
            "    When an event took how long.",
            "LATEST",
            "    The latest time of each event.",
            "RESET [<event> ...]",
            "    Forget some or all events.",
        ],
    );
    Ok(Flow::Done)
}

const TIPS: &[&str] = &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const LATENCY: &[Command] = &[
    Command {
        flags: flags::ADMIN_ANYTIME,
        reply: "bulk-string",
        handler: doctor,
        tips: TIPS,
        ..Group::Server.row("DOCTOR", "2.8.13", "Tells in words what took long.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        args: &[string("event")],
        reply: "bulk-string",
        handler: graph,
        tips: TIPS,
        ..Group::Server.row("GRAPH", "2.8.13", "Draws when an event took long.")
    },
    Command {
        flags: flags::ANYTIME,
        reply: "array of simple-string",
        handler: latency_help,
        ..Group::Server.row("HELP", "2.8.13", "Lists the subcommands.")
    },
    Command {
        complexity: "O(N) in the number of commands",
        flags: flags::ADMIN_ANYTIME,
        args: &[string("command").optional().multiple()],
        reply: "map of bulk-string to map",
        handler: histogram,
        tips: TIPS,
        ..Group::Server.row("HISTOGRAM", "7.0.0", "Returns how long commands take.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        args: &[string("event")],
        reply: "array of [time: integer, milliseconds: integer]",
        handler: history,
        tips: TIPS,
        ..Group::Server.row("HISTORY", "2.8.13", "Returns when an event took how long.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        reply: "array of [event: bulk-string, time: integer, latest: integer, greatest: integer]",
        handler: latest,
        tips: TIPS,
        ..Group::Server.row("LATEST", "2.8.13", "Returns the latest time of each event.")
    },
    Command {
        flags: flags::ADMIN_ANYTIME,
        args: &[string("event").optional().multiple()],
        reply: "integer",
        handler: reset,
        tips: &["request_policy:all_nodes", "response_policy:agg_sum"],
        ..Group::Server.row("RESET", "2.8.13", "Forgets some events, or all of them.")
    },
];

pub(crate) const ROWS: &[Command] = &[Command {
    subcommands: LATENCY,
    ..Group::Server.row("LATENCY", "2.8.13", "Tells when commands took long.")
}];
