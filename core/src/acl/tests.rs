//! Users from text to text, and what the host does with them.

use alloc::string::String;

use crate::engine::conversation::Conversation;
use crate::{DEFAULT_USER_GUARDED, Engine, Options};

fn engine(lines: &[&str]) -> Engine {
    let mut options = Options::default();
    lines.iter().for_each(|line| options.set("user", line).expect("the line is right"));
    Engine::new(options, [1; 16], 0)
}

fn check(lines: &[&str], expect: &str) {
    assert_eq!(text_of(&engine(lines)), expect);
}

fn text_of(engine: &Engine) -> String {
    String::from_utf8_lossy(&engine.view().acl.text()).into_owned()
}

#[test]
fn users_are_written_as_they_are_read() {
    check(&[], "user default on nopass sanitize-payload ~* &* +@all\n");
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    check(
        &["alice on >abc %R~in:* ~own &news +@read -get +get|a (~x +set) (+@all -@write)", "default off"],
        &[
            "user alice on sanitize-payload #",
            digest,
            " %R~in:* ~own resetchannels &news -@all +@read -get +get|a (~x resetchannels -@all +set) (resetchannels \
             +@all -@write)\nuser default off sanitize-payload resetchannels -@all\n",
        ]
        .concat(),
    );
}

#[test]
fn what_is_written_can_be_loaded_again() {
    let mut options = Options::default();
    options.set("aclfile", "u.acl").expect("any path will do");
    let mut second = Conversation::with(options);
    let admin = second.client();
    let first = engine(&["alice on >abc ~a* +get (&c +publish)", "bob off nopass allkeys allcommands"]);
    let text = text_of(&first);
    second.send(admin, &["ACL LOAD"]);
    second.answer(Ok(text.as_bytes()));
    second.expect(admin, "+OK");
    assert_eq!(text_of(&second.engine), text);
}

#[test]
fn settings_are_checked_when_they_are_set() {
    let mut options = Options::default();
    assert!(options.set("user", "alice +nosuch").is_err());
    assert!(options.set("user", "").is_err());
    assert!(options.set("user", "alice on").is_ok());
    assert!(options.set("user", "alice off").is_err());
}

#[test]
fn loading_closes_those_whose_permissions_have_changed() {
    let mut options = Options::default();
    options.set("aclfile", "u.acl").expect("any path will do");
    for line in ["alice on nopass +@all ~*", "bob on nopass +@all ~*"] {
        options.set("user", line).expect("the line is right");
    }
    let mut talk = Conversation::with(options);
    let [alice, bob, other] = [(); 3].map(|()| talk.client());
    talk.send(alice, &["AUTH alice x"]);
    talk.send(bob, &["AUTH bob x"]);
    talk.send(other, &["ACL LOAD"]);
    talk.answer(Ok(b"user alice on nopass +@all ~*\nuser bob on nopass +get ~*"));
    assert!(talk.is_closed(bob));
    assert!(!talk.is_closed(alice) && !talk.is_closed(other));
}

/// Protected mode looked at `requirepass` only, and let remote peers in when ACL SETUSER had taken the password away.
#[test]
fn the_host_hears_whether_the_default_user_has_a_password() {
    let mut options = Options::default();
    options.set("aclfile", "u.acl").expect("any path will do");
    let mut talk = Conversation::with(options);
    let client = talk.client();
    for (request, told) in [
        ("ACL SETUSER default >a", Some("yes")),
        ("ACL SETUSER default >b", None),
        ("ACL SETUSER alice on nopass", None),
        ("ACL SETUSER default nopass", Some("no")),
        ("CONFIG SET requirepass a", Some("yes")),
        ("CONFIG SET requirepass ''", Some("no")),
    ] {
        talk.send(client, &[request]);
        let told = told.map(|value| (DEFAULT_USER_GUARDED.into(), value.into()));
        assert_eq!(talk.setting.take(), told, "{request}");
    }
    talk.send(client, &["ACL LOAD"]);
    talk.answer(Ok(b"user default on >a +@all"));
    assert_eq!(talk.setting.take(), Some((DEFAULT_USER_GUARDED.into(), "yes".into())));
}

/// Whoever brings a token of the host's is the default user without a password, until it asks to begin anew.
#[test]
fn who_is_trusted_needs_no_password() {
    let mut options = Options::default();
    options.set("requirepass", "secret").expect("any password will do");
    let mut talk = Conversation::with(options);
    let (stranger, trusted) = (talk.client(), talk.trusted_client());
    assert_eq!(talk.ask(stranger, "ACL WHOAMI"), "-NOAUTH Authentication required.");
    assert_eq!(talk.ask(trusted, "ACL WHOAMI"), "$7|default");
    talk.send(trusted, &["ACL SETUSER default off"]);
    talk.expect(trusted, "+OK");
    let late = talk.trusted_client();
    assert_eq!(talk.ask(late, "ACL WHOAMI"), "-NOAUTH Authentication required.");
    assert_eq!(talk.ask(trusted, "RESET"), "+RESET");
    assert_eq!(talk.ask(trusted, "ACL WHOAMI"), "-NOAUTH Authentication required.");
}

#[test]
fn the_log_keeps_a_part_of_what_is_long() {
    let mut options = Options::default();
    options.set("user", "alice on nopass +get").expect("the line is right");
    let mut talk = Conversation::with(options);
    let (alice, admin) = (talk.client(), talk.client());
    talk.send(alice, &["AUTH alice x", &alloc::format!("GET {}", "k".repeat(1 << 20))]);
    talk.expect(alice, "+OK|-NOPERM No permissions to access a key");
    assert!(talk.ask(admin, "ACL LOG").len() < 100_000);
    // Of a kind that follows within a minute there is one entry.
    talk.check(alice, "GET a", "-NOPERM No permissions to access a key");
    talk.pass(59_000_000);
    talk.check(alice, "GET a", "-NOPERM No permissions to access a key");
    talk.pass(61_000_000);
    talk.check(alice, "GET a", "-NOPERM No permissions to access a key");
    let log = talk.ask(admin, "ACL LOG");
    assert!(log.starts_with("*3|") && log.matches("$5|count|:2|").count() == 1, "{log}");
    talk.check(admin, "CONFIG SET acllog-max-len 1", "+OK");
    talk.check(alice, "GET b", "-NOPERM No permissions to access a key");
    assert!(talk.ask(admin, "ACL LOG").starts_with("*1|"));
}

/// Thousands of patterns, passwords and first arguments were each compared with all before them.
#[test]
fn many_rules_are_kept_once_and_in_order() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    let words =
        |of: &str| (0..3000).map(|nth| alloc::format!("{of}{}", nth % 2000)).collect::<alloc::vec::Vec<_>>();
    for of in ["~k", "&c", "+get|f", ">p"] {
        talk.check(conn, &alloc::format!("ACL SETUSER u {}", words(of).join(" ")), "+OK");
    }
    talk.check(conn, "ACL SETUSER u %R~k1 +GET|F7 +set|x +get|last -config|get -config", "+OK");
    let text = text_of(&talk.engine);
    let line = text.lines().find(|line| line.starts_with("user u ")).expect("the user is there");
    let of = |start: &str| {
        line.split(' ')
            .filter(|word| word.starts_with(start))
            .map(String::from)
            .collect::<alloc::vec::Vec<_>>()
    };
    assert_eq!(of("~k"), words("~k")[..2000]);
    assert_eq!(of("&c"), words("&c")[..2000]);
    assert_eq!(of("#").len(), 2000);
    // One that is named again goes to the end.
    let rules = of("+get|");
    assert_eq!((rules.len(), rules[0].as_str()), (2001, "+get|f1000"));
    assert_eq!(rules[1998..], ["+get|f999", "+get|f7", "+get|last"]);
    assert!(line.ends_with(" +get|f7 +set|x +get|last -config"), "{}", &line[line.len() - 60..]);
    talk.check(conn, "ACL DRYRUN u GET k0", "$50|User u has no permissions to run the 'get' command");
}
