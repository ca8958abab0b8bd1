//! What hyper answers by itself, in the form of all other answers.
//!
//! A head that is none, or too long, never reaches a service: hyper answers with a status and no content. Clients of this
//! API read JSON whatever the status is. A head that does not come to its end is waited for as long as for the next one;
//! here it has a time of its own, from its first byte on.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How such answers begin, as a service's never do, and what becomes of them.
const ANSWERS: [(&[u8], &str, &str); 2] = [
    (
        b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n",
        "400 Bad Request",
        "{\"error\":\"ERR the request is not HTTP\"}",
    ),
    (
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n",
        "431 Request Header Fields Too Large",
        "{\"error\":\"ERR the head of the request is too large\"}",
    ),
];

/// What becomes of a connection whose head is late.
const LATE: (&str, &str) =
    ("408 Request Timeout", "{\"error\":\"ERR the head of the request has not come in time\"}");

/// The heads that have come to their end, as who serves them tells who reads them.
#[derive(Default)]
pub(super) struct Heads {
    count: AtomicU64,
    is_served: AtomicBool,
}

impl Heads {
    /// A head is there as a whole.
    pub(super) fn begin(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.is_served.store(true, Ordering::Relaxed);
    }

    /// Its request is answered; what comes now is the next one.
    pub(super) fn end(&self) {
        self.is_served.store(false, Ordering::Relaxed);
    }
}

/// A connection on which such answers have a content.
pub(super) struct Wording<S> {
    io: S,
    /// What takes the place of an answer and has not left.
    unsent: Vec<u8>,
    heads: Arc<Heads>,
    patience: Duration,
    /// How many heads were there before the one that has begun, if one has.
    begun: Option<u64>,
    /// When that has to be there.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Wording<S> {
    /// One whose heads take no longer than `patience`.
    pub(super) fn new(io: S, heads: Arc<Heads>, patience: Duration) -> Self {
        Self { io, unsent: Vec::new(), heads, patience, begun: None, deadline: None }
    }

    /// Takes note of bytes that have come, or of none: whether the head that they are of is late.
    fn is_late(&mut self, cx: &mut Context<'_>, has_come: bool) -> bool {
        let count = self.heads.count.load(Ordering::Relaxed);
        if self.heads.is_served.load(Ordering::Relaxed) || self.begun.is_some_and(|before| before != count) {
            (self.begun, self.deadline) = (None, None);
        } else if has_come {
            self.begun.get_or_insert(count);
        } else if self.begun.is_some() {
            // Most heads come as a whole, and need no clock.
            let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.patience)));
            return deadline.as_mut().poll(cx).is_ready();
        }
        false
    }

    /// The connection as it is.
    pub(super) fn into_inner(self) -> S {
        self.io
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.unsent))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => drop(self.unsent.drain(..count)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wording<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_unsent(cx))?;
        match ANSWERS.iter().find(|(start, ..)| bytes.starts_with(start)) {
            Some((_, status, content)) => {
                self.unsent = answer(status, content);
                Poll::Ready(Ok(bytes.len()))
            }
            None => Pin::new(&mut self.io).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wording<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = room.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, room);
        let has_come = room.filled().len() > before;
        if self.is_late(cx, has_come) && polled.is_pending() {
            (self.begun, self.deadline) = (None, None);
            let (status, content) = LATE;
            self.unsent.extend(answer(status, content));
            // It goes to a peer that has sent too little; whether there is room for it makes no difference any more.
            let _ = self.poll_unsent(cx);
            // For hyper this is the end.
            return Poll::Ready(Ok(()));
        }
        polled
    }
}

fn answer(status: &str, content: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n{content}",
        content.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// Both ends of a connection; the one that is served has little patience.
    async fn pair() -> (TcpStream, Wording<TcpStream>, Arc<Heads>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let heads = Arc::new(Heads::default());
        (client, Wording::new(server, Arc::clone(&heads), Duration::from_millis(20)), heads)
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn a_head_that_does_not_end_is_told_so() {
        run(async {
            let (mut client, mut server, _) = pair().await;
            client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            let mut bytes = [0; 64];
            assert_eq!(server.read(&mut bytes).await.unwrap(), 16);
            assert_eq!(server.read(&mut bytes).await.unwrap(), 0, "it ends");
            drop(server);
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
            assert!(
                answer.ends_with("\r\n\r\n{\"error\":\"ERR the head of the request has not come in time\"}")
            );
        });
    }

    /// A request may take its time, and so may who sends none.
    #[test]
    fn only_heads_are_late() {
        run(async {
            let (mut client, mut server, heads) = pair().await;
            let mut bytes = [0; 64];
            client.write_all(b"head").await.unwrap();
            assert_eq!(server.read(&mut bytes).await.unwrap(), 4);
            heads.begin();
            client.write_all(b"body").await.unwrap();
            assert_eq!(server.read(&mut bytes).await.unwrap(), 4);
            let waited = tokio::time::timeout(Duration::from_millis(60), server.read(&mut bytes)).await;
            assert!(waited.is_err(), "while it is served");
            heads.end();
            let waited = tokio::time::timeout(Duration::from_millis(60), server.read(&mut bytes)).await;
            assert!(waited.is_err(), "while nothing comes");
            client.write_all(b"next").await.unwrap();
            assert_eq!(server.read(&mut bytes).await.unwrap(), 4);
            assert_eq!(server.read(&mut bytes).await.unwrap(), 0, "the next one is late");
        });
    }
}
