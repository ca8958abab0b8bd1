//! Messages as they come, as an event stream: subscriptions and MONITOR.

use super::conversation::Listening;
use super::reply::{Answers, push_json, texts_of};
use hyper::body::{Body, Bytes, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

/// Between comments that keep a silent stream from being taken for dead.
const PING_PERIOD: Duration = Duration::from_secs(30);
const PING: &[u8] = b": ping\n\n";

/// The events that follow from a command. They end with the connection to the engine, and it with them.
pub(super) struct Events {
    listening: Listening,
    /// Whether messages are arrays in JSON, not joined by commas.
    is_json: bool,
    pings: Interval,
}

impl Events {
    pub(super) fn new(listening: Listening, is_json: bool) -> Self {
        let mut pings = interval_at(tokio::time::Instant::now() + PING_PERIOD, PING_PERIOD);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { listening, is_json, pings }
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let is_json = self.is_json;
        if let Poll::Ready(replies) = self.listening.poll_replies(cx) {
            let events = |replies: Answers| -> Vec<u8> {
                replies.iter().flat_map(|reply| event_of(reply, is_json)).collect()
            };
            return Poll::Ready(replies.map(|replies| Ok(Frame::data(events(replies).into()))));
        }
        ready!(self.pings.poll_tick(cx));
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PING)))))
    }
}

/// A message as an event, with a line for each of its lines.
fn event_of(reply: &[u8], is_json: bool) -> Vec<u8> {
    let text = if is_json || reply == b"+OK\r\n" {
        // What confirms MONITOR is told from what it then shows.
        let mut json = Vec::new();
        push_json(&mut json, reply, false);
        String::from_utf8_lossy(&json).into_owned()
    } else {
        texts_of(reply).join(",")
    };
    let mut event = String::new();
    for line in text.replace("\r\n", "\n").split(['\r', '\n']) {
        event.push_str("data: ");
        event.push_str(line);
        event.push('\n');
    }
    event.push('\n');
    event.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_a_line_for_each_line() {
        for (reply, is_json, expected) in [
            (&b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"[..], false, "data: subscribe,c,1\n\n"),
            (b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", true, "data: [\"subscribe\",\"c\",1]\n\n"),
            (
                b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$7\r\na\nb\r\nc\r\r\n",
                false,
                "data: message,c,a\ndata: b\ndata: c\ndata: \n\n",
            ),
            (b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n", false, "data: unsubscribe,,0\n\n"),
            (b"+OK\r\n", false, "data: \"OK\"\n\n"),
            (b"+17.24 [0 x] \"GET\" \"k\"\r\n", false, "data: 17.24 [0 x] \"GET\" \"k\"\n\n"),
        ] {
            assert_eq!(String::from_utf8(event_of(reply, is_json)).unwrap(), expected);
        }
    }
}
