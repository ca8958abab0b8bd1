//! What hyper answers by itself, in the form of all other answers.
//!
//! A head that is none, or too long, never reaches a service: hyper answers with a status and no content. Clients of this
//! API read JSON whatever the status is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// A connection on which such answers have a content.
pub(super) struct Wording<S> {
    io: S,
    /// What takes the place of an answer and has not left.
    unsent: Vec<u8>,
}

impl<S: AsyncWrite + Unpin> Wording<S> {
    pub(super) fn new(io: S) -> Self {
        Self { io, unsent: Vec::new() }
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
                self.unsent = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                     cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n{content}",
                    content.len()
                )
                .into_bytes();
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

impl<S: AsyncRead + Unpin> AsyncRead for Wording<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, room)
    }
}
