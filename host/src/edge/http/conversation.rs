//! One request's connection to the engine: commands go in, and so many replies are awaited, for so long.

use super::refusal::Refusal;
use super::reply::{Answers, NOTHING, Replies, elements_of, error_of, error_reply};
use super::request::{Commands, is_blocking, refused};
use crate::exchange::{Exchange, Line};
use hyper::StatusCode;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Bytes of the replies to one request; more would not fit a string of JSON that clients read.
pub(super) const REPLY_BYTES_MAX: usize = 64 << 20;
/// Bytes of bodies and replies of all requests together.
const HELD_BYTES_MAX: usize = 256 << 20;
/// Connections that are kept for the next requests.
const KEPT_MAX: usize = 128;

/// Who a connection is from before it says so.
const DEFAULT_USER: &[u8] = b"default";
const CLOSED: &str = "ERR the connection to the engine was closed before the reply";

/// Connections on which nothing is left of the requests before, of peers on this machine and of others.
#[derive(Default)]
pub(super) struct Pool([Mutex<Vec<Line>>; 2]);

/// Whom a connection is for.
pub(super) struct Caller<'a> {
    pub(super) addr: &'a str,
    pub(super) laddr: &'a str,
    pub(super) is_local: bool,
    /// Name and password, if it is somebody.
    pub(super) user: Option<(Vec<u8>, Vec<u8>)>,
    /// The database, if it is not the first.
    pub(super) database: Option<Vec<u8>>,
}

/// Why no more replies are awaited.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Late,
    Long,
    Full,
}

/// What a request keeps in memory, of all that requests may.
pub(super) struct Held {
    total: Arc<AtomicUsize>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self { total: Arc::clone(total), bytes: 0 }
    }

    /// Counts more bytes; `false` if there are too many.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.total.fetch_add(bytes, Ordering::Relaxed) + bytes <= HELD_BYTES_MAX
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A connection that is one request's alone. If the request is given up, it ends, and what waits there takes nothing.
pub(super) struct Conversation {
    line: Option<Line>,
    replies: Replies,
    patience: Duration,
    end: Option<End>,
    held: Held,
    /// It is as it was, and may serve others.
    is_plain: bool,
    is_local: bool,
}

impl Conversation {
    /// Takes a connection, or makes one that is the caller's.
    pub(super) async fn begin(
        exchange: &Arc<Exchange>,
        pool: &Pool,
        caller: Caller<'_>,
        held: Held,
        patience: Duration,
    ) -> Result<Self, Refusal> {
        let is_plain = caller.user.is_none() && caller.database.is_none();
        let kept = if is_plain { pool.take(caller.is_local) } else { None };
        // Who has the token is the default user, and who has none sees no more of it than its health.
        let is_trusted = caller.user.is_none();
        match kept {
            Some(line) => Ok(Self::on(line, is_plain, caller.is_local, held, patience)),
            None => Self::open(exchange, caller, is_trusted, held, patience).await,
        }
    }

    /// Makes a connection that is the caller's. One that is trusted is the default user without a password.
    pub(super) async fn open(
        exchange: &Arc<Exchange>,
        caller: Caller<'_>,
        is_trusted: bool,
        held: Held,
        patience: Duration,
    ) -> Result<Self, Refusal> {
        let is_plain = caller.user.is_none() && caller.database.is_none();
        let line = exchange.open(caller.addr, caller.laddr, caller.is_local, is_trusted);
        let mut conversation = Self::on(line, is_plain, caller.is_local, held, patience);
        conversation.introduce(caller).await?;
        Ok(conversation)
    }

    fn on(line: Line, is_plain: bool, is_local: bool, held: Held, patience: Duration) -> Self {
        let replies = Replies::default();
        Self { line: Some(line), replies, patience, end: None, held, is_plain, is_local }
    }

    async fn introduce(&mut self, caller: Caller<'_>) -> Result<(), Refusal> {
        if let Some((name, password)) = caller.user {
            // Where the default user has no password every one is right, and it is the token that counts.
            let is_nobody = name == DEFAULT_USER && !self.wants_password().await?;
            if is_nobody || self.error_of(&[b"AUTH", &name, &password]).await?.is_some() {
                return Err(self.unless_ended(Refusal::unknown()));
            }
        }
        if let Some(database) = caller.database
            && let Some(error) = self.error_of(&[b"SELECT", &database]).await?
        {
            return Err(self.unless_ended(Refusal::bad(error)));
        }
        Ok(())
    }

    /// Whether the engine asks for a password before anything else.
    pub(super) async fn wants_password(&mut self) -> Result<bool, Refusal> {
        // Of what asks for little, this is not shown by MONITOR.
        let error = self.error_of(&[b"SLOWLOG", b"LEN"]).await?;
        if self.end.is_some() {
            return Err(self.unless_ended(Refusal::unknown()));
        }
        Ok(error.is_some_and(|error| error.starts_with("NOAUTH ")))
    }

    /// A refusal, unless there is nobody left who could refuse.
    fn unless_ended(&self, refusal: Refusal) -> Refusal {
        if self.end.is_some() { Refusal::new(StatusCode::SERVICE_UNAVAILABLE, CLOSED) } else { refusal }
    }

    /// The connection, with all that was said on it answered.
    pub(super) fn into_line(mut self) -> Result<Line, Refusal> {
        self.line.take().ok_or_else(|| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, CLOSED))
    }

    /// The error that a command gets, if it gets one.
    pub(super) async fn error_of(&mut self, words: &[&[u8]]) -> Result<Option<String>, Refusal> {
        let replies = self.ask(&Commands::one(words)).await?;
        Ok(replies.get(0).and_then(error_of))
    }

    /// The replies to commands, one for each: those that are refused or not run at all get errors.
    pub(super) async fn run(&mut self, commands: &Commands) -> Result<Answers, Refusal> {
        let refusals: HashMap<usize, String> =
            commands.iter().enumerate().filter_map(|(nth, command)| Some((nth, refused(command)?))).collect();
        if refusals.is_empty() {
            return self.ask(commands).await;
        }
        let given = self.ask(&commands.without(|nth| refusals.contains_key(&nth))).await?;
        let (mut replies, mut given) = (Answers::default(), given.iter());
        for nth in 0..commands.len() {
            match refusals.get(&nth) {
                Some(error) => replies.push(&error_reply(error)),
                None => replies.push(given.next().expect("each command that was sent has a reply")),
            }
        }
        Ok(replies)
    }

    /// The replies to commands of which nothing else runs in between.
    pub(super) async fn run_together(&mut self, mut commands: Commands) -> Result<Answers, Refusal> {
        if let Some(error) = commands.iter().find_map(refused) {
            return Err(Refusal::bad(error));
        }
        // Nothing may run without it, as when its user may not have transactions.
        let mut replies = self.ask(&Commands::one(&["MULTI"])).await?;
        if replies.get(0).and_then(error_of).is_none() {
            commands.push(&["EXEC"]);
            replies = self.ask(&commands).await?;
        }
        let outcome = replies.iter().last().expect("there is a reply to each command");
        match error_of(outcome) {
            Some(error) => Err(Refusal::new(self.status_of(outcome), error)),
            None => Ok(elements_of(outcome)),
        }
    }

    /// The status that a reply is sent with.
    pub(super) fn status_of(&self, reply: &[u8]) -> StatusCode {
        match error_of(reply) {
            None => StatusCode::OK,
            Some(_) if matches!(self.end, Some(End::Closed | End::Late | End::Full)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Some(error) if error.starts_with("NOAUTH ") => StatusCode::UNAUTHORIZED,
            Some(error) if error.starts_with("LOADING ") => StatusCode::SERVICE_UNAVAILABLE,
            Some(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// Sends a command that is answered again and again, and waits for its first answer.
    pub(super) async fn listen(mut self, command: &Commands) -> Result<Listening, Refusal> {
        self.end = self.exchange(command.wire().to_vec(), 1).await.err();
        let (first, _) = self.replies.take();
        let refusal = |status, error: &str| Refusal::new(status, error);
        match (first.get(0).map(|reply| (reply, error_of(reply))), self.line.take()) {
            (Some((_, None)), Some(line)) => Ok(Listening { line, replies: self.replies, first }),
            (Some((reply, Some(error))), _) => Err(refusal(self.status_of(reply), &error)),
            _ => Err(refusal(StatusCode::SERVICE_UNAVAILABLE, CLOSED)),
        }
    }

    /// Gives the connection back, if nothing is left on it.
    pub(super) fn give_back(mut self, pool: &Pool) {
        if self.is_plain
            && self.end.is_none()
            && let Some(line) = self.line.take()
        {
            pool.give(line, self.is_local);
        }
    }

    /// Sends commands, and gives a reply for each, whatever becomes of them.
    async fn ask(&mut self, commands: &Commands) -> Result<Answers, Refusal> {
        if self.end.is_none() && commands.len() > 0 {
            self.end = self.exchange(commands.wire().to_vec(), commands.len()).await.err();
        }
        let (mut replies, has_more) = self.replies.take();
        if has_more || replies.len() > commands.len() {
            self.is_plain = false;
        }
        if let Some(error) = replies.get(0).and_then(complaint) {
            return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error));
        }
        replies.truncate(commands.len());
        if replies.len() < commands.len() {
            self.complete(&mut replies, commands);
        }
        Ok(replies)
    }

    async fn exchange(&mut self, wire: Vec<u8>, count: usize) -> Result<(), End> {
        let Some(line) = &mut self.line else { return Err(End::Closed) };
        let until = Instant::now() + self.patience;
        line.send(wire);
        while self.replies.count() < count {
            match timeout_at(until, line.receive()).await {
                Ok(Some(piece)) => {
                    self.replies.push(&piece);
                    if !self.held.grow(piece.len()) {
                        self.line = None;
                        return Err(End::Full);
                    }
                }
                Ok(None) => return Err(End::Closed),
                Err(_) => {
                    self.line = None;
                    return Err(End::Late);
                }
            }
            if self.replies.bytes() > REPLY_BYTES_MAX {
                self.line = None;
                return Err(End::Long);
            }
        }
        Ok(())
    }

    /// Puts replies in the places of those that have not come.
    fn complete(&self, replies: &mut Answers, commands: &Commands) {
        // A command that waits in vain gets what Redis gives it then.
        if self.end == Some(End::Late) && is_blocking(commands.words(replies.len())) {
            replies.push(NOTHING);
        }
        let seconds = self.patience.as_secs();
        let reason = match self.end {
            Some(End::Late) => {
                format!("ERR not run, since the request has waited for {seconds} seconds (http-block-max)")
            }
            Some(End::Long) => format!("ERR the replies have more than {REPLY_BYTES_MAX} bytes"),
            Some(End::Full) => "ERR too many requests are under way".to_owned(),
            _ => CLOSED.to_owned(),
        };
        let error = error_reply(&reason);
        while replies.len() < commands.len() {
            replies.push(&error);
        }
    }
}

/// What comes of a command that is answered again and again.
pub(super) struct Listening {
    line: Line,
    replies: Replies,
    /// Answers that came before anyone asked.
    first: Answers,
}

impl Listening {
    /// The answers that come next; none at the end.
    pub(super) fn poll_replies(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answers>> {
        let mut replies = std::mem::take(&mut self.first);
        while replies.len() == 0 {
            match ready!(self.line.poll_receive(cx)) {
                Some(piece) => self.replies.push(&piece),
                None => return Poll::Ready(None),
            }
            replies = self.replies.take().0;
        }
        Poll::Ready(Some(replies))
    }
}

/// An error that answers no command, but says why there is no connection.
fn complaint(reply: &[u8]) -> Option<String> {
    error_of(reply)
        .filter(|error| error.starts_with("DENIED ") || error == "ERR max number of clients reached")
}

impl Pool {
    /// One that nobody has closed meanwhile.
    fn take(&self, is_local: bool) -> Option<Line> {
        let mut kept = self.of(is_local).lock().expect("no holder of the lock panics");
        std::iter::from_fn(|| kept.pop()).find(Line::is_open)
    }

    fn give(&self, line: Line, is_local: bool) {
        let mut kept = self.of(is_local).lock().expect("no holder of the lock panics");
        if kept.len() < KEPT_MAX {
            kept.push(line);
        }
    }

    fn of(&self, is_local: bool) -> &Mutex<Vec<Line>> {
        &self.0[usize::from(is_local)]
    }
}
