use std::cell::Cell;

use crate::Options;
use crate::engine::conversation::Conversation;

std::thread_local! {
    static READINGS: Cell<u64> = const { Cell::new(0) };
    /// Microseconds between two readings.
    static STEP: Cell<u64> = const { Cell::new(0) };
}

fn clock() -> u64 {
    READINGS.set(READINGS.get() + 1);
    READINGS.get() * STEP.get()
}

/// An engine whose clock goes on by `step` microseconds with each reading.
fn talk(step: u64) -> Conversation {
    READINGS.set(0);
    STEP.set(step);
    Conversation::with(Options { clock: Some(clock), ..Options::default() })
}

#[test]
fn only_what_may_be_slow_reads_the_clock() {
    let mut talk = talk(20_000);
    let a = talk.client();
    talk.check_all(a, &[("SET k v", "+OK"), ("GET k", "$1|v"), ("INCR n", ":1"), ("LPUSH l a b c", ":3")]);
    assert_eq!(READINGS.get(), 0);
    talk.check(a, "KEYS k", "*1|$1|k");
    assert_eq!(READINGS.get(), 2);
    talk.check(a, "SLOWLOG LEN", ":1");
    // A fast command with much to do is timed as well.
    let long = "x".repeat(100_000);
    talk.check(a, &std::format!("SET k {long}"), "+OK");
    talk.check(a, "SLOWLOG LEN", ":2");
    assert_eq!(READINGS.get(), 4);
    talk.check(a, "CONFIG SET slowlog-log-slower-than -1", "+OK");
    let readings = READINGS.get();
    talk.check(a, "KEYS k", "*1|$1|k");
    assert_eq!(READINGS.get(), readings);
}

#[test]
fn small_thresholds_time_everything() {
    let mut talk = talk(500);
    let a = talk.client();
    talk.check(a, "CONFIG SET slowlog-log-slower-than 400", "+OK");
    talk.check(a, "SLOWLOG RESET", "+OK");
    talk.check(a, "PING", "+PONG");
    let log = talk.ask(a, "SLOWLOG GET 1");
    assert!(log.contains("|:500|*1|$4|PING|"), "{log}");
}

#[test]
fn latencies_are_tracked_when_asked_for() {
    let mut talk = talk(100);
    let a = talk.client();
    talk.check(a, "GET k", "$-1");
    talk.check(a, "LATENCY HISTOGRAM get", "*0");
    talk.check(a, "CONFIG SET latency-tracking yes", "+OK");
    talk.check_all(a, &[("GET k", "$-1"), ("GET k", "$-1")]);
    talk.check(a, "LATENCY HISTOGRAM get", "*2|$3|get|*4|$5|calls|:2|$14|histogram_usec|*2|:128|:2");
    let info = talk.ask(a, "INFO latencystats");
    assert!(info.contains("latency_percentiles_usec_get:p50=100.000,p99=100.000,p99.9=100.000"), "{info}");
    let info = talk.ask(a, "INFO commandstats");
    assert!(info.contains("cmdstat_get:calls=3,usec=200,usec_per_call=66.67,"), "{info}");
    talk.check(a, "CONFIG RESETSTAT", "+OK");
    talk.check(a, "LATENCY HISTOGRAM get", "*0");
}

#[test]
fn long_commands_are_latency_events() {
    let mut talk = talk(30_000);
    let a = talk.client();
    talk.check(a, "CONFIG SET latency-monitor-threshold 20", "+OK");
    talk.check_all(a, &[("KEYS k", "*0"), ("KEYS k", "*0")]);
    talk.check(a, "LATENCY LATEST", "*1|*4|$7|command|:1700000000|:30|:30");
    // What happens within a second is one sample.
    talk.pass(1_000_000);
    talk.check(a, "KEYS k", "*0");
    talk.check(a, "LATENCY HISTORY command", "*2|*2|:1700000000|:30|*2|:1700000001|:30");
    talk.check(a, "LATENCY RESET fast-command command", ":1");
    talk.check(a, "LATENCY LATEST", "*0");
}

/// All replies but those about time are the same with a clock, without one, and with another one.
#[test]
fn a_clock_changes_no_other_reply() {
    let run = |options: Options| {
        let mut talk = Conversation::with(options);
        let a = talk.client();
        let requests =
            ["SET k v", "KEYS *", "SADD s a b c", "SPOP s", "SORT s ALPHA", "RANDOMKEY", "DEBUG X"];
        requests.map(|request| talk.ask(a, request))
    };
    let without = run(Options::default());
    for step in [1, 50_000] {
        STEP.set(step);
        assert_eq!(run(Options { clock: Some(clock), ..Options::default() }), without);
    }
}

#[test]
fn statistics_know_every_row() {
    let lookup = crate::command::Lookup::new();
    let mut statistics = super::Statistics::new(&lookup);
    for &row in lookup.rows() {
        statistics.of(row).calls += 1;
        row.subcommands.iter().for_each(|own| statistics.of(own).calls += 1);
    }
    assert!(statistics.all().all(|(_, counts)| counts.calls == 1));
}
