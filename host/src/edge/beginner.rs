//! The first half of a handshake, in which the signature is, in a thread that runs where nothing else wants the processor.
//!
//! A signature by RSA takes a millisecond, and whoever shares the core waits for it, clients of the loop among them. So a
//! thread under the policy for idle tasks makes it, which any other interrupts at once. Where the core is never idle that
//! thread never runs; then the edge begins the handshake once more, by itself. That is possible since nothing
//! has been sent yet, and all that a beginning depends on are the client's bytes.

use crate::log;
use crate::memory::tell_held_bytes;
use rustls::{ServerConfig, ServerConnection};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a handshake waits for the thread. On a core that is always busy each takes so much longer.
const IDLE_PATIENCE: Duration = Duration::from_millis(10);
const THREAD_NAME: &str = "handshakes";

/// Begins handshakes. The thread starts with the first, and ends with this.
#[derive(Default)]
pub(super) struct Beginner(OnceLock<Option<UnboundedSender<Job>>>);

/// A handshake to be begun, of which there are no more than there may be connections.
struct Job {
    config: Arc<ServerConfig>,
    hello: Arc<[u8]>,
    /// Closed once it has taken too long.
    done: oneshot::Sender<Begun>,
}

/// A session that has taken the client's first bytes, and what became of them. What is to be sent is in it, also if it has failed.
pub(super) struct Begun {
    pub(super) session: ServerConnection,
    pub(super) outcome: io::Result<()>,
}

impl Beginner {
    /// Begins a handshake of which these bytes have come.
    pub(super) async fn begin(&self, config: Arc<ServerConfig>, hello: Vec<u8>) -> io::Result<Begun> {
        let hello: Arc<[u8]> = hello.into();
        if let Some(jobs) = self.0.get_or_init(start) {
            let (done, begun) = oneshot::channel();
            let job = Job { config: Arc::clone(&config), hello: Arc::clone(&hello), done };
            if jobs.send(job).is_ok()
                && let Ok(Ok(begun)) = timeout(IDLE_PATIENCE, begun).await
            {
                return Ok(begun);
            }
        }
        begin(config, &hello)
    }
}

/// Starts the thread. Nothing depends on it but how long others wait.
fn start() -> Option<UnboundedSender<Job>> {
    let (jobs, received) = unbounded_channel();
    match thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || run(received)) {
        Ok(_) => Some(jobs),
        Err(error) => {
            log::warning!("handshakes have no thread of their own: {error}");
            None
        }
    }
}

fn run(mut jobs: UnboundedReceiver<Job>) {
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy) {
        log::verbose!("the thread of handshakes has no lower priority than others: {error}");
    }
    while let Some(job) = jobs.blocking_recv() {
        work(job);
        // The bytes came from elsewhere, and the session is given back elsewhere.
        tell_held_bytes();
    }
}

fn work(Job { config, hello, done }: Job) {
    // Where it took too long nobody waits any more.
    if done.is_closed() {
        return;
    }
    // Whatever makes it panic does so once more at the edge, where it ends one connection.
    if let Ok(Ok(begun)) = catch_unwind(AssertUnwindSafe(|| begin(config, &hello))) {
        let _ = done.send(begun);
    }
}

fn begin(config: Arc<ServerConfig>, mut hello: &[u8]) -> io::Result<Begun> {
    let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut take_in = || {
        while !hello.is_empty() {
            session.read_tls(&mut hello)?;
            session
                .process_new_packets()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        }
        Ok(())
    };
    let outcome = take_in();
    Ok(Begun { session, outcome })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::crypto::ring::default_provider;
    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    /// What a server has for handshakes, and the first bytes of a client.
    fn parties() -> (Arc<ServerConfig>, Vec<u8>) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let provider = Arc::new(default_provider());
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        (Arc::new(server), hello)
    }

    #[test]
    fn handshakes_begin_whether_the_thread_has_time_or_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let (config, hello) = parties();
        let begin = |beginner: &Beginner, hello: &[u8]| {
            runtime.block_on(beginner.begin(Arc::clone(&config), hello.to_vec())).unwrap()
        };
        let (starved, mut waiting) = unbounded_channel();
        let (dead, _) = unbounded_channel();
        for beginner in [None, Some(Some(starved)), Some(Some(dead)), Some(None)] {
            let beginner = Beginner(beginner.map_or_else(OnceLock::new, OnceLock::from));
            let Begun { session, outcome } = begin(&beginner, &hello);
            assert!(outcome.is_ok() && session.wants_write());
            let Begun { session, outcome } = begin(&beginner, b"PING\r\n");
            assert!(outcome.is_err() && session.wants_write(), "there is an alert");
        }
        let left = waiting.try_recv().unwrap();
        assert!(left.done.is_closed(), "what the thread comes to too late is not done again");
    }
}
