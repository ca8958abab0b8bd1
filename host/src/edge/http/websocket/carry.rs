//! An open WebSocket: bytes of the client go to the engine as they come, replies go back, and each side waits for the other.

use super::form::Form;
use super::frames::{Event, Frames, push_close, push_ping, push_pong};
use crate::exchange::Line;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};
use tungstenite::protocol::frame::coding::CloseCode;

/// Answers that may be missing.
const MISSES_MAX: u32 = 2;
/// How long a client may take for what comes after the end of its connection to the engine.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that are read at a time.
const READ_BYTES: usize = 16 << 10;
/// Bytes of memory that a connection keeps which has sent more.
const KEPT_BYTES_MAX: usize = 16 << 10;

/// Serves a WebSocket to its end, of which `read` has come already. A client that says nothing for `period` is asked whether it
/// is there, and one whose connection ends as the server is `stopping` is told so.
pub(super) async fn carry(
    io: impl AsyncRead + AsyncWrite + Unpin,
    mut read: Vec<u8>,
    line: Line,
    form: Form,
    period: Duration,
    stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut socket = Socket {
        io,
        line: Some(line),
        form,
        frames: Frames::default(),
        is_broken: false,
        out: Vec::new(),
        written: 0,
        pong: None,
        to_ping: false,
        phase: Phase::Open,
        heard: Instant::now(),
        misses: 0,
        is_heard: true,
        period,
        timer: Box::pin(sleep(period)),
        stopping,
    };
    socket.take_in(&mut read);
    poll_fn(|cx| socket.poll(cx)).await
}

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The engine has closed its side, and the last of it is on its way.
    Ending,
    /// The client was told of the end.
    Closing,
    /// Both were.
    Closed,
}

struct Socket<S> {
    io: S,
    /// Dropped when nothing of the client shall reach the engine any more.
    line: Option<Line>,
    form: Form,
    frames: Frames,
    /// What comes is no protocol any more.
    is_broken: bool,
    /// What leaves, and how much of it has.
    out: Vec<u8>,
    written: usize,
    /// The answer to the last ping: an older one is not worth its place.
    pong: Option<Vec<u8>>,
    to_ping: bool,
    phase: Phase,
    /// When something came last, and how often it was asked for since.
    heard: Instant,
    misses: u32,
    /// Nothing is read while the engine is behind; then silence means nothing.
    is_heard: bool,
    period: Duration,
    timer: Pin<Box<Sleep>>,
    /// Whether the server stops.
    stopping: watch::Receiver<bool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.timer.as_mut().poll(cx).is_ready() {
                self.time_out()?;
            }
            let is_flushed = self.poll_flush(cx)?.is_ready();
            if is_flushed && self.phase == Phase::Closed {
                return Pin::new(&mut self.io).poll_shutdown(cx);
            }
            let has_output = is_flushed && self.poll_output(cx).is_ready();
            let has_input = self.poll_input(cx)?.is_ready();
            if !has_output && !has_input {
                return Poll::Pending;
            }
        }
    }

    /// Writes what there is.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.written < self.out.len() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.out[self.written..]))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.out.clear();
        self.out.shrink_to(KEPT_BYTES_MAX);
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Takes what is to leave next.
    fn poll_output(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(payload) = self.pong.take() {
            push_pong(&mut self.out, &payload);
        }
        if std::mem::take(&mut self.to_ping) {
            push_ping(&mut self.out);
        }
        if let Some(line) = &mut self.line {
            match line.poll_receive(cx) {
                Poll::Ready(Some(piece)) => {
                    if let Err(code) = self.form.push_output(&mut self.out, &piece) {
                        self.close(code);
                    }
                }
                Poll::Ready(None) => {
                    let is_stopping = *self.stopping.borrow();
                    self.close(if is_stopping { CloseCode::Away } else { CloseCode::Normal });
                }
                Poll::Pending => {}
            }
            self.let_go();
        }
        if self.out.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Reads, unless the engine is behind.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.phase == Phase::Closed {
            return Poll::Pending;
        }
        if let Some(line) = &self.line {
            let wanted = line.poll_room(cx);
            self.is_heard = wanted.is_ready();
            if !ready!(wanted) && self.phase == Phase::Open {
                self.enter(Phase::Ending);
            }
        }
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut room = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut room))?;
        if room.filled().is_empty() {
            return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
        }
        (self.heard, self.misses) = (Instant::now(), 0);
        self.take_in(room.filled_mut());
        Poll::Ready(Ok(()))
    }

    /// Takes bytes of the client.
    fn take_in(&mut self, mut bytes: &mut [u8]) {
        let mut input = Vec::new();
        while !self.is_broken && self.phase != Phase::Closed {
            let event = match self.frames.next(&mut bytes) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(code) => {
                    self.is_broken = true;
                    self.close(code);
                    break;
                }
            };
            match event {
                Event::Data { bytes, is_text, is_end } if self.phase == Phase::Open => {
                    if let Err(code) = self.form.push_input(&mut input, bytes, is_text, is_end) {
                        self.close(code);
                    }
                }
                Event::Ping(payload) => self.pong = Some(payload),
                Event::Data { .. } | Event::Pong => {}
                Event::Close(code) => {
                    if self.phase != Phase::Closing {
                        push_close(&mut self.out, code);
                    }
                    self.enter(Phase::Closed);
                }
            }
        }
        if let Some(line) = &self.line
            && !input.is_empty()
        {
            line.send(input);
        }
        self.let_go();
    }

    /// Ends the connection to the engine if nothing of it is wanted any more.
    fn let_go(&mut self) {
        if matches!(self.phase, Phase::Closing | Phase::Closed) {
            self.line = None;
        }
    }

    /// Tells the client of the end, unless it knows.
    fn close(&mut self, code: CloseCode) {
        if matches!(self.phase, Phase::Open | Phase::Ending) {
            push_close(&mut self.out, Some(code));
            self.enter(Phase::Closing);
        }
    }

    /// The end has come nearer, and has to come soon.
    fn enter(&mut self, phase: Phase) {
        if self.phase == Phase::Open {
            self.timer.as_mut().reset(Instant::now() + CLOSE_PATIENCE);
        }
        self.phase = phase;
    }

    /// Asks a silent client whether it is there, and gives up one that is not.
    fn time_out(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let mut next = now + self.period;
        if self.phase != Phase::Open || (self.is_heard && self.misses == MISSES_MAX) {
            return Err(ErrorKind::TimedOut.into());
        }
        if self.heard + self.period > now {
            next = self.heard + self.period;
        } else if self.is_heard {
            self.misses += 1;
            self.to_ping = true;
        }
        self.timer.as_mut().reset(next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames::tests::frame;
    use super::*;
    use crate::exchange::{Exchange, Incoming};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    const PERIOD: Duration = Duration::from_millis(20);

    /// What becomes of a connection whose client does as it is told, in a thread of its own.
    fn outcome(client: impl FnOnce(UnixStream) + Send + 'static) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let poll = mio::Poll::new().unwrap();
        let waker = Arc::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap());
        let exchange = Exchange::new(Arc::new(AtomicBool::new(false)), waker);
        let line = exchange.open("client", "server", true, false);
        // The engine's end stays open.
        let incoming = exchange.take_incoming();
        assert!(matches!(incoming[..], [Incoming::Open { .. }]));
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let client = thread::spawn(move || client(theirs));
        let outcome = runtime.block_on(async {
            let io = tokio::net::UnixStream::from_std(ours).unwrap();
            carry(io, Vec::new(), line, Form::Resp, PERIOD, watch::channel(false).1).await
        });
        client.join().unwrap();
        outcome
    }

    #[test]
    fn a_client_that_answers_no_ping_is_closed_after_two() {
        let error = outcome(|mut stream| {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            assert_eq!(all, b"\x89\x00\x89\x00");
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    }

    #[test]
    fn a_client_that_answers_pings_stays() {
        outcome(|mut stream| {
            for _ in 0..5 {
                let mut ping = [0; 2];
                stream.read_exact(&mut ping).unwrap();
                assert_eq!(ping, *b"\x89\x00");
                stream.write_all(&frame(0x8a, b"")).unwrap();
            }
            stream.write_all(&frame(0x88, b"")).unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            assert!(all.ends_with(b"\x88\x00"), "{all:?}");
        })
        .unwrap();
    }
}
