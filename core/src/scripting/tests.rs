use std::string::String;
use std::vec::Vec;

use crate::ConnId;
use crate::Options;
use crate::engine::conversation::Conversation;

fn talk(settings: &[(&str, &str)]) -> Conversation {
    let mut options = Options { effects: true, ..Options::default() };
    for (name, value) in settings {
        options.set(name, value).expect("the setting exists");
    }
    Conversation::with(options)
}

/// A request in the words of the protocol, for scripts, which contain blanks.
fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = std::format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(std::format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

impl Conversation {
    fn eval(&mut self, conn: ConnId, script: &str) -> String {
        self.send_bytes(conn, &request(&["EVAL", script, "0"]));
        self.said(conn)
    }
}

#[test]
fn effects_of_a_script_are_what_it_wrote() {
    let mut talk = talk(&[]);
    let a = talk.client();
    talk.eval(a, "redis.call('get','k')");
    assert_eq!(talk.effects(), [""; 0]);
    talk.eval(a, "redis.call('set','k',1)");
    assert_eq!(talk.effects(), ["set k 1"]);
    talk.eval(a, "redis.call('set','k',1) redis.call('spop','none') redis.call('incr','k') error('late')");
    assert_eq!(talk.effects(), ["MULTI", "set k 1", "incr k", "EXEC"]);
    talk.send(a, &["MULTI"]);
    talk.eval(a, "redis.call('set','k',1) redis.call('incr','k')");
    talk.send(a, &["SET k 2", "EXEC"]);
    assert_eq!(talk.effects(), ["MULTI", "set k 1", "incr k", "SET k 2", "EXEC"]);
}

/// An error with the place that ends it in `shown`.
fn located(error: &str, shown: &str) -> String {
    let place = shown.find(" script: ").map_or("", |at| &shown[at..]);
    assert!(place.ends_with(", on @user_script:1."), "{shown}");
    [error, place].concat()
}

#[test]
fn limits_cannot_be_caught() {
    let mut talk = talk(&[("script-instructions-max", "2000000"), ("script-memory-max", "4mb")]);
    let a = talk.client();
    let endless = talk.eval(a, "while true do pcall(function() while true do end end) end");
    assert_eq!(endless, located("-ERR Script has reached the limit of script-instructions-max", &endless));
    let large =
        talk.eval(a, "local t = {} while true do pcall(function() t[#t+1] = ('x'):rep(1e5)..#t end) end");
    assert_eq!(
        large,
        located("-ERR Script has reached the limit of script-memory-max, or there is no memory left", &large)
    );
    assert_eq!(talk.eval(a, "return 1"), ":1");
}

const ENDLESS: &str = "while true do pcall(function() while true do end end) end";
const BUSY: &str = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

impl Conversation {
    /// Sends a request without waiting for what takes long.
    fn begin(&mut self, conn: ConnId, words: &[&str]) {
        self.engine.handle_input(self.now, conn, &request(words));
        self.collect();
    }

    /// Lets time pass, and the engine do one step.
    fn step(&mut self, micros: u64) {
        self.now += micros;
        self.engine.handle_timeout(self.now);
        self.collect();
    }
}

#[test]
fn a_long_script_keeps_others_waiting_until_it_is_busy_and_can_then_be_killed() {
    let mut talk = talk(&[]);
    let (a, b, c) = (talk.client(), talk.client(), talk.client());
    talk.check(a, "SET k v", "+OK");
    talk.begin(a, &["EVAL", ENDLESS, "0"]);
    talk.begin(b, &["GET", "k"]);
    talk.step(1000);
    assert_eq!((talk.said(a), talk.said(b)), (String::new(), String::new()));
    assert!(talk.engine.poll_timeout().is_some_and(|at| at <= talk.now));
    talk.step(5_000_000);
    talk.expect(b, BUSY);
    for (words, reply) in [
        (&["PING"][..], BUSY),
        (&["MULTI"], "+OK"),
        (&["SET", "k", "w"], BUSY),
        (&["DISCARD"], "+OK"),
        (&["WATCH", "k"], "+OK"),
        (&["SHUTDOWN"], BUSY),
        (&["FUNCTION", "KILL"], BUSY),
        (&["NOSUCH"], "-ERR unknown command 'NOSUCH', with args beginning with: "),
        (&["SCRIPT", "KILL"], "+OK"),
    ] {
        talk.begin(c, words);
        talk.expect(c, reply);
    }
    talk.step(1);
    let killed = talk.said(a);
    assert_eq!(killed, located("-ERR Script killed by user with SCRIPT KILL...", &killed));
    let log = talk.ask(b, "SLOWLOG GET 1");
    assert!(log.contains("|:5001001|*3|$4|EVAL|"), "{log}");
    talk.check_all(b, &[("GET k", "$1|v"), ("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.")]);
    assert_eq!(talk.eval(a, "return 1"), ":1");
}

/// Library functions could not pause: no BUSY, and SCRIPT KILL had no answer for 20 s.
#[test]
fn a_script_can_be_killed_within_a_library_function() {
    let mut talk = talk(&[]);
    let (a, b) = (talk.client(), talk.client());
    for script in [
        "return ('a'):rep(100000):find(('.-'):rep(100) .. 'b')",
        "return ('a'):rep(10000):match(('a*'):rep(20) .. 'b')",
        "return ('a'):rep(10000):gsub(('a*'):rep(20) .. 'b', '')",
        "for x in ('a'):rep(10000):gmatch(('a*'):rep(20) .. 'b') do end",
        "return ('x'):rep(10):gsub('.', function() while true do end end)",
        "return ('a'):rep(1000000):find(('a'):rep(500000) .. 'b', 1, true)",
        "return table.insert({}, -2^31, 1)",
        "return table.sort({3, 2, 1}, function() while true do end end)",
        "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
    ] {
        talk.begin(a, &["EVAL", script, "0"]);
        talk.begin(b, &["PING"]);
        talk.step(6_000_000);
        talk.expect(b, BUSY);
        talk.begin(b, &["SCRIPT", "KILL"]);
        talk.expect(b, "+OK");
        talk.step(1);
        let killed = talk.said(a);
        assert_eq!(killed, located("-ERR Script killed by user with SCRIPT KILL...", &killed), "{script}");
        talk.check(b, "PING", "+PONG");
        assert_eq!(talk.eval(a, "local t = {2, 1} table.sort(t) return t[1]"), ":1");
    }
}

#[test]
fn what_has_written_is_not_killed() {
    let mut talk = talk(&[("script-instructions-max", "20000000")]);
    let (a, b, c) = (talk.client(), talk.client(), talk.client());
    talk.send(c, &["BLPOP l 0"]);
    talk.check(b, "SET other 1", "+OK");
    talk.begin(a, &["EVAL", "redis.call('rpush','l',1) redis.call('incr','n') while true do end", "0"]);
    talk.effects();
    talk.step(6_000_000);
    talk.begin(b, &["SCRIPT", "KILL"]);
    assert!(talk.said(b).starts_with("-UNKILLABLE "));
    // No client sees half of what it does.
    assert_eq!((talk.effects().len(), talk.said(c)), (0, String::new()));
    while talk.engine.poll_timeout().is_some_and(|at| at <= talk.now) {
        talk.step(1);
    }
    assert!(talk.said(a).starts_with("-ERR Script has reached the limit of script-instructions-max"));
    assert_eq!(talk.effects(), ["MULTI", "rpush l 1", "incr n", "EXEC", "LPOP l"]);
    talk.expect(c, "*2|$1|l|$1|1");
    talk.check(b, "GET n", "$1|1");
}

#[test]
fn a_script_whose_client_goes_is_ended_or_runs_to_its_end() {
    let mut talk = talk(&[]);
    let (a, b) = (talk.client(), talk.client());
    talk.begin(a, &["EVAL", ENDLESS, "0"]);
    talk.leave(a);
    talk.check(b, "PING", "+PONG");
    let a = talk.client();
    let script = "redis.call('set','k',1) for i = 1, 5000000 do end redis.call('set','k',2)";
    talk.begin(a, &["EVAL", script, "0"]);
    talk.begin(b, &["GET", "k"]);
    talk.expect(b, "");
    talk.leave(a);
    talk.step(1);
    talk.expect(b, "$1|2");
    let stats = talk.ask(b, "INFO commandstats");
    assert!(stats.contains("cmdstat_eval:calls=2"), "{stats}");
}

#[test]
fn within_a_transaction_a_script_does_not_pause() {
    let mut talk = talk(&[]);
    let a = talk.client();
    talk.send(a, &["MULTI"]);
    talk.eval(a, "for i = 1, 5000000 do end return 7");
    talk.begin(a, &["EXEC"]);
    talk.expect(a, "*1|:7");
}

#[test]
fn scripts_of_eval_make_room_for_each_other_and_loaded_ones_stay() {
    let mut talk = talk(&[("script-cache-max-entries", "2"), ("script-cache-max-bytes", "2000")]);
    let a = talk.client();
    talk.begin(a, &["SCRIPT", "LOAD", "return 0"]);
    let loaded = talk.said(a).replace("$40|", "");
    talk.eval(a, "return 1");
    talk.eval(a, "return 2");
    talk.eval(a, "return 1");
    talk.eval(a, "return 3");
    let digest = |text: &str| crate::number::hexadecimal(&crate::base::sha1::sha1(text.as_bytes()));
    let known = [&loaded, &digest("return 1"), &digest("return 2"), &digest("return 3")];
    talk.check(
        a,
        &std::format!("SCRIPT EXISTS {} {} {} {}", known[0], known[1], known[2], known[3]),
        "*4|:1|:1|:0|:1",
    );
    let long = std::format!("return '{}'", "x".repeat(2000));
    let refused = "-ERR Scripts would take more bytes than script-cache-max-bytes allows";
    assert_eq!(talk.eval(a, &long), refused);
    talk.begin(a, &["SCRIPT", "LOAD", &long]);
    talk.expect(a, refused);
    talk.check(a, "SCRIPT FLUSH", "+OK");
    talk.check(a, &std::format!("EVALSHA {loaded} 0"), "-NOSCRIPT No matching script. Please use EVAL.");
}

#[test]
fn libraries_have_limits() {
    let mut talk = talk(&[("function-max-libraries", "1"), ("function-max-bytes", "4000")]);
    let a = talk.client();
    let library = |name: &str, rest: &str| {
        std::format!("#!lua name={name}\nredis.register_function('{name}', function() end) {rest}")
    };
    talk.begin(a, &["FUNCTION", "LOAD", &library("a", "")]);
    talk.expect(a, "$1|a");
    talk.begin(a, &["FUNCTION", "LOAD", &library("b", "")]);
    talk.expect(a, "-ERR There would be more libraries than function-max-libraries allows");
    talk.begin(a, &["FUNCTION", "LOAD", "REPLACE", &library("a", &"--".repeat(2000))]);
    talk.expect(a, "-ERR Libraries would take more bytes than function-max-bytes allows");
    talk.begin(a, &["FUNCTION", "LOAD", "REPLACE", &library("a", "while true do end")]);
    talk.expect(a, "-ERR Error registering functions: ERR FUNCTION LOAD timeout");
    talk.check(a, "FCALL a 0", "$-1");
}

#[test]
fn memory_over_its_limit_stops_the_first_write_only() {
    let mut talk = talk(&[]);
    let a = talk.client();
    talk.engine.parts().1.memory_used = || 1000;
    talk.check(a, "CONFIG SET maxmemory 10", "+OK");
    const OOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";
    let refused = talk.eval(a, "return redis.call('set','k',1)");
    assert_eq!(refused, located(&["-", OOM].concat(), &refused));
    assert_eq!(talk.eval(a, "return redis.pcall('set','k',1)"), ["-", OOM].concat());
    assert_eq!(talk.eval(a, "redis.call('del','k') return redis.call('set','k',1)"), "+OK");
    assert_eq!(talk.eval(a, "#!lua\nreturn redis.call('get','k')"), ["-", OOM].concat());
    assert_eq!(talk.eval(a, "#!lua flags=no-writes\nreturn redis.call('get','k')"), "$1|1");
    assert_eq!(talk.eval(a, "#!lua flags=allow-oom\nreturn redis.call('set','k',2)"), "+OK");
}

#[test]
fn a_script_runs_with_the_rights_of_its_user() {
    let mut talk = talk(&[]);
    let (a, b) = (talk.client(), talk.client());
    talk.check(a, "ACL SETUSER ann on nopass +eval +get ~a* resetchannels", "+OK");
    talk.check(b, "AUTH ann x", "+OK");
    let ask = |talk: &mut Conversation, script: &str| {
        let said = talk.eval(b, script);
        match said.rsplit_once(" script: ") {
            Some((error, _)) if said.ends_with(" on @user_script:1.") => error.into(),
            _ => said,
        }
    };
    let replies: [String; 5] = [
        ask(&mut talk, "return redis.call('get','a')"),
        ask(&mut talk, "return redis.call('get','b')"),
        ask(&mut talk, "return redis.call('set','a',1)"),
        ask(&mut talk, "return {redis.acl_check_cmd('get','a'), redis.acl_check_cmd('get','b')}"),
        ask(&mut talk, "return redis.pcall('set','a',1).err"),
    ];
    let denied = "ERR ACL failure in script: User ann has no permissions to run the 'set' command";
    assert_eq!(replies[0], "$-1");
    assert_eq!(replies[1], "-ERR ACL failure in script: No permissions to access a key");
    assert_eq!(replies[2], ["-", denied].concat());
    assert_eq!(replies[3], "*2|:1|$-1");
    assert_eq!(replies[4], std::format!("${}|{denied}", denied.len()));
    let log = talk.ask(a, "ACL LOG 1");
    assert!(log.contains("$7|context|$3|lua|"), "{log}");
}

#[test]
fn those_who_monitor_see_the_script_and_its_commands() {
    let mut talk = talk(&[]);
    let (a, b) = (talk.client(), talk.client());
    talk.check(b, "MONITOR", "+OK");
    talk.eval(a, "redis.call('set','k',1)");
    let seen = talk.said(b);
    let lines: Vec<&str> =
        seen.split('|').map(|line| line.split_once(" [").expect("it has a time").1).collect();
    assert_eq!(
        lines,
        ["0 127.0.0.1:50000] \"EVAL\" \"redis.call('set','k',1)\" \"0\"", "0 lua] \"set\" \"k\" \"1\""]
    );
}

#[test]
fn a_script_leaves_memory_to_the_engine() {
    std::thread_local! {
        static AVAILABLE: std::cell::Cell<usize> = const { std::cell::Cell::new(usize::MAX) };
    }
    let mut talk = Conversation::with(Options {
        memory_available: |_| crate::base::memory::Room::of(AVAILABLE.get()),
        ..Options::default()
    });
    let a = talk.client();
    let script = "local t = {} for i = 1, 100 do t[i] = ('x'):rep(1e5) .. i end return #t";
    assert_eq!(talk.eval(a, script), ":100");
    talk.check(a, "SCRIPT FLUSH", "+OK");
    AVAILABLE.set(crate::base::memory::HEADROOM_BYTES);
    assert_eq!(talk.eval(a, script), "-OOM command not allowed when all memory is used.");
    AVAILABLE.set(crate::base::memory::HEADROOM_BYTES + (1 << 20));
    let refused = talk.eval(a, script);
    let expected = "-ERR Script has reached the limit of script-memory-max, or there is no memory left";
    assert_eq!(refused, located(expected, &refused));
    AVAILABLE.set(64 << 20);
    assert_eq!(talk.eval(a, script), ":100");
}
