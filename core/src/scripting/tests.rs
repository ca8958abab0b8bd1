use crate::Options;
use crate::conversation::Conversation;

fn talk(settings: &[(&str, &str)]) -> Conversation {
    let mut options = Options { effects: true, ..Options::default() };
    for (name, value) in settings {
        options.set(name, value).expect("the setting exists");
    }
    Conversation::with(options)
}

/// A request in the words of the protocol, for scripts, which contain blanks.
fn request(words: &[&str]) -> std::vec::Vec<u8> {
    let mut bytes = std::format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(std::format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

impl Conversation {
    fn eval(&mut self, conn: crate::ConnId, script: &str) -> std::string::String {
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

#[test]
fn limits_cannot_be_caught() {
    let mut talk = talk(&[("script-instructions-max", "2000000"), ("script-memory-max", "4mb")]);
    let a = talk.client();
    let endless = talk.eval(a, "while true do pcall(function() while true do end end) end");
    assert_eq!(endless, "-ERR Script has reached the limit of script-instructions-max");
    let large =
        talk.eval(a, "local t = {} while true do pcall(function() t[#t+1] = ('x'):rep(1e5)..#t end) end");
    assert_eq!(large, "-ERR Script has reached the limit of script-memory-max");
    assert_eq!(talk.eval(a, "return 1"), ":1");
}
