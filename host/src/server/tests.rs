//! Serving without sockets: transports, engine and log are the test's.

use super::service::Service;
use crate::clock::running_micros;
use crate::config::Settings;
use crate::driver::fake::{FakeEngine, FakeLog, Seen};
use crate::driver::{CommitLog, Driver, NoLog};
use crate::limits::OUTPUT_HIGH_WATER_BYTES;
use crate::net::fake::{Fake, Peer};
use std::cell::RefCell;
use std::rc::Rc;

/// A second, as the host counts time.
const SECOND: u64 = 1_000_000;

/// A service with what is around it.
struct Scene<L> {
    service: Service<Fake, L>,
    seen: Rc<RefCell<Seen>>,
}

/// A client, from both ends of its transport.
struct Client {
    slot: usize,
    peer: Rc<RefCell<Peer>>,
}

impl Client {
    /// What has been written to it since this was asked last.
    fn received(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.peer.borrow_mut().written)).unwrap()
    }

    fn is_finished(&self) -> bool {
        self.peer.borrow().is_finished
    }
}

impl<L: CommitLog> Scene<L> {
    fn new(log: L) -> Self {
        let (factory, seen) = FakeEngine::factory();
        let driver = Driver::start(factory, log).unwrap();
        Self { service: Service::new(Settings::default(), driver), seen }
    }

    fn client(&mut self) -> Client {
        let (transport, peer) = Fake::new();
        let slot = self.service.clients.add(transport);
        self.service.introduce(slot, "peer").unwrap();
        self.service.process().unwrap();
        Client { slot, peer }
    }

    /// A client sends, and the service has a turn.
    fn send(&mut self, client: &Client, text: &str) {
        client.peer.borrow_mut().arriving.push_back(text.into());
        self.event(client);
    }

    /// The poll says that there is something to read, and the service has a turn.
    fn event(&mut self, client: &Client) {
        self.service.note_event(client.slot, true, false, false);
        self.turn();
    }

    fn turn(&mut self) {
        self.service.serve().unwrap();
        self.service.process_due().unwrap();
        self.service.release_committed();
    }

    /// Turns until there is nothing to do.
    fn settle(&mut self) {
        while self.service.clients.any_ready() || self.service.driver.has_work() {
            self.turn();
        }
    }

    /// What the engine was told since this was asked last.
    fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.borrow_mut().told)
    }
}

/// A service whose log commits when told to.
fn with_log() -> (Scene<FakeLog>, FakeLog) {
    let log = FakeLog::default();
    (Scene::new(log.clone()), log)
}

/// The log has committed what it has up to `lsn`, and the service has a turn.
fn commit(scene: &mut Scene<FakeLog>, log: &FakeLog, lsn: u64) {
    log.0.borrow_mut().committed = lsn;
    scene.turn();
    scene.settle();
}

// ----- replies that wait for a commit -----

#[test]
fn replies_leave_in_order_once_their_commits_have_come() {
    let (mut scene, log) = with_log();
    let (one, two) = (scene.client(), scene.client());
    scene.send(&one, "w:first;r:second;");
    scene.send(&one, "r:third;");
    scene.send(&one, "w:fourth;");
    // Another call without effects answers at once those that nothing waits for.
    scene.send(&two, "r:read;all:news;");
    assert_eq!((one.received().as_str(), two.received().as_str()), ("", "read;news;"));
    scene.send(&two, "w:fifth;");
    assert_eq!(log.0.borrow().effects, [&b"first"[..], b"fourth", b"fifth"]);
    commit(&mut scene, &log, 1);
    assert_eq!((one.received().as_str(), two.received().as_str()), ("first;second;third;", ""));
    commit(&mut scene, &log, 3);
    assert_eq!((one.received().as_str(), two.received().as_str()), ("fourth;news;", "fifth;"));
    assert!(!scene.service.clients.any_held());
    // And what comes then leaves at once.
    scene.send(&one, "r:sixth;");
    assert_eq!(one.received(), "sixth;");
}

#[test]
fn replies_to_others_in_the_same_call_wait_too() {
    let (mut scene, log) = with_log();
    let (one, two) = (scene.client(), scene.client());
    one.peer.borrow_mut().arriving.push_back(b"w:first;all:message;".to_vec());
    scene.service.note_event(one.slot, true, false, false);
    scene.send(&two, "r:sees first;");
    assert_eq!((one.received().as_str(), two.received().as_str()), ("", ""));
    commit(&mut scene, &log, 1);
    assert_eq!((one.received().as_str(), two.received().as_str()), ("first;message;", "message;sees first;"));
}

/// A log that is as fast as the call costs no copy.
#[test]
fn what_is_committed_at_once_is_written_from_where_it_lies() {
    let (mut scene, log) = with_log();
    log.0.borrow_mut().commits_at_once = true;
    let client = scene.client();
    scene.send(&client, "w:value;");
    assert_eq!(client.received(), "value;");
    assert_eq!(client.peer.borrow().written_from, scene.seen.borrow().last_reply);
}

#[test]
fn without_a_log_nothing_waits() {
    let mut scene = Scene::new(NoLog);
    let client = scene.client();
    scene.send(&client, "w:value;");
    assert_eq!(client.received(), "value;");
    assert!(client.peer.borrow().written_from.is_some());
    assert_eq!(client.peer.borrow().written_from, scene.seen.borrow().last_reply);
    assert!(!scene.service.clients.any_held());
}

#[test]
fn closes_wait_for_the_commit() {
    let (mut scene, log) = with_log();
    let (one, two, three) = (scene.client(), scene.client(), scene.client());
    scene.send(&one, "w:last words;quit;");
    scene.send(&two, "w:another;kill:3;");
    // A call without effects waits for nothing, but for what its connections wait for.
    assert!(!one.is_finished() && !three.is_finished());
    commit(&mut scene, &log, 1);
    assert_eq!((one.received().as_str(), one.is_finished()), ("last words;", true));
    assert!(!three.is_finished(), "it was closed by a call that is not committed");
    commit(&mut scene, &log, 2);
    assert_eq!((two.received().as_str(), two.is_finished()), ("another;", false));
    assert_eq!((three.received().as_str(), three.is_finished()), ("", true));
}

/// The time that a peer has for its last replies begins when they leave.
#[test]
fn a_client_that_left_gets_what_waits_for_a_commit() {
    let (mut scene, log) = with_log();
    let client = scene.client();
    scene.send(&client, "w:value;");
    scene.send(&client, "");
    let now = running_micros();
    for seconds in [1, 6, 20, 60] {
        scene.service.keep_house(now + seconds * SECOND);
    }
    assert!(!client.is_finished() && scene.service.clients.len() == 1);
    commit(&mut scene, &log, 1);
    assert_eq!((client.received().as_str(), client.is_finished()), ("value;", true));
    scene.service.keep_house(now + 100 * SECOND);
    assert_eq!(scene.service.clients.len(), 0);
}

#[test]
fn what_waits_for_a_commit_counts_as_unsent() {
    let (mut scene, log) = with_log();
    scene.service.settings.output_limits = "normal 1000 0 0".parse().unwrap();
    let (one, two) = (scene.client(), scene.client());
    scene.told();
    let text = format!("w:{};", "x".repeat(600));
    scene.send(&one, &text);
    scene.send(&two, &text);
    scene.send(&one, &text);
    scene.settle();
    assert_eq!(scene.told(), ["disconnect 1"], "it has 1202 bytes, the other 601");
    assert_eq!(scene.service.clients.len(), 1);
    commit(&mut scene, &log, 3);
    assert_eq!((one.received().len(), two.received().len()), (0, 601));
}

#[test]
fn a_client_with_much_that_waits_for_a_commit_is_not_read_from() {
    let (mut scene, log) = with_log();
    let client = scene.client();
    scene.told();
    let large = "x".repeat(60_000);
    let count = OUTPUT_HIGH_WATER_BYTES / large.len() + 1;
    for _ in 0..count {
        scene.send(&client, &format!("w:{large};"));
    }
    scene.send(&client, "r:end;");
    scene.settle();
    assert_eq!(scene.told(), ["pause 1"]);
    assert_eq!(client.peer.borrow().arriving.len(), 1, "what it sends stays in the transport");
    commit(&mut scene, &log, count as u64);
    assert_eq!(scene.told(), ["resume 1"]);
    assert!(client.received().ends_with("x;end;"));
}

/// A newcomer may have the slot, and the engine's id, when the commit comes.
#[test]
fn a_client_that_is_cut_off_takes_what_waits_with_it() {
    let (mut scene, log) = with_log();
    let one = scene.client();
    scene.send(&one, "w:secret;");
    assert!(scene.service.clients.any_held());
    one.peer.borrow_mut().is_broken = true;
    scene.event(&one);
    assert!(!scene.service.clients.any_held(), "nothing is kept for it");
    let two = scene.client();
    assert_eq!(two.slot, one.slot);
    scene.send(&two, "w:own;");
    commit(&mut scene, &log, 1);
    assert_eq!(two.received(), "");
    commit(&mut scene, &log, 2);
    assert_eq!((one.received().as_str(), two.received().as_str()), ("", "own;"));
}

#[test]
fn a_trap_drops_what_waits_and_the_log_goes_on() {
    let (mut scene, log) = with_log();
    let client = scene.client();
    scene.send(&client, "w:value;");
    client.peer.borrow_mut().arriving.push_back(b"trap;".to_vec());
    scene.service.note_event(client.slot, true, false, false);
    let trap = scene.service.serve().expect_err("it was asked to");
    assert_eq!(trap.to_string(), "as asked");
    scene.service.replace_engine().unwrap();
    assert!(scene.service.clients.len() == 0 && !scene.service.clients.any_held());
    let client = scene.client();
    scene.send(&client, "w:after;");
    commit(&mut scene, &log, 1);
    assert_eq!(client.received(), "");
    commit(&mut scene, &log, 2);
    assert_eq!(client.received(), "after;");
}

// ----- transports -----

/// TLS gives a record at a time, and the socket below it may be empty while more is to be had.
#[test]
fn a_transport_is_read_until_it_is_drained() {
    let mut scene = Scene::new(NoLog);
    let client = scene.client();
    let text = "r:one;r:two;r:three;";
    for tells_end in [false, true] {
        let mut peer = client.peer.borrow_mut();
        (peer.tells_end, peer.reads) = (tells_end, 0);
        peer.arriving.extend(text.as_bytes().chunks(3).map(<[u8]>::to_vec));
        drop(peer);
        // One event, as many turns as it takes.
        scene.event(&client);
        scene.settle();
        assert_eq!(client.received(), "one;two;three;");
        let pieces = text.len().div_ceil(3);
        assert_eq!(client.peer.borrow().reads, if tells_end { pieces } else { pieces + 1 });
    }
}

/// Each turn reads once from each client, a bounded piece.
#[test]
fn a_client_with_much_to_say_leaves_turns_to_others() {
    let mut scene = Scene::new(NoLog);
    let (one, two) = (scene.client(), scene.client());
    let text = format!("r:{};", "x".repeat(150_000));
    scene.send(&one, &text);
    scene.send(&two, "r:quick;");
    assert_eq!((one.received().len(), two.received().as_str()), (0, "quick;"));
    scene.settle();
    assert_eq!(one.received().len(), text.len() - 2);
}

#[test]
fn a_full_socket_gets_the_rest_when_it_takes_more() {
    let mut scene = Scene::new(NoLog);
    let client = scene.client();
    client.peer.borrow_mut().room = 3;
    scene.send(&client, "r:one;r:two;quit;");
    assert_eq!((client.received().as_str(), client.is_finished()), ("one", false));
    for (room, received, is_finished) in [(2, ";t", false), (100, "wo;", true)] {
        client.peer.borrow_mut().room = room;
        scene.service.note_event(client.slot, false, true, false);
        scene.settle();
        assert_eq!((client.received().as_str(), client.is_finished()), (received, is_finished));
    }
}
