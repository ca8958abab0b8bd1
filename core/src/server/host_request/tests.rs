//! What waits while the host is asked, and what its answers make.

use alloc::string::String;

use crate::engine::conversation::Conversation;
use crate::{HostRequest, Options};

fn with(settings: &[(&str, &str)]) -> Conversation {
    let mut options = Options::default();
    settings.iter().for_each(|(name, value)| options.set(name, value).expect("the setting is right"));
    Conversation::with(options)
}

#[test]
fn users_are_loaded_while_everyone_waits() {
    let mut talk = with(&[("aclfile", "users.acl"), ("user", "bob on nopass +@all ~*")]);
    let (admin, other, bob) = (talk.client(), talk.client(), talk.client());
    talk.send(bob, &["AUTH bob x"]);
    talk.expect(bob, "+OK");
    talk.send(admin, &["SET k 1", "ACL LOAD", "ACL USERS"]);
    talk.expect(admin, "+OK");
    assert_eq!(talk.host_request, Some((HostRequest::LoadUsers, String::new())));
    assert_eq!(talk.engine.poll_timeout(), None);
    talk.send(other, &["CLIENT UNBLOCK 1", "PING"]);
    talk.pass(5_000_000);
    talk.expect(other, "");
    talk.answer(Ok(b"# the users\r\nuser alice on >a\n\n"));
    talk.expect(admin, "+OK|*2|$5|alice|$7|default");
    talk.expect(other, ":0|+PONG");
    assert!(talk.is_closed(bob));
}

#[test]
fn a_faulty_file_changes_nothing_and_all_its_faults_are_told() {
    let mut talk = with(&[("aclfile", "u.acl"), ("user", "bob on +@all")]);
    let admin = talk.client();
    let before = talk.ask(admin, "ACL LIST");
    talk.send(admin, &["ACL LOAD"]);
    talk.answer(Ok(
        b"user alice on >a\nuser alice off\nuser b +nosuch +bad zz yy\nusr x\nuser c (+get\nuser x\ty\n",
    ));
    talk.expect(
        admin,
        "-ERR WARNING: Duplicate user 'alice' found on line 2. u.acl:3: Error in applying operation '+nosuch': \
         Unknown command or category name in ACL. u.acl:3: Error in applying operation '+bad': Unknown command or \
         category name in ACL. u.acl:3: Syntax error. u.acl:4 should start with user keyword followed by the \
         username. u.acl:5: Unmatched parenthesis in selector definition.'u.acl:6: username 'x\ty' contains invalid \
         characters. WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
    );
    assert_eq!(talk.ask(admin, "ACL LIST"), before);
    talk.send(admin, &["ACL LOAD"]);
    talk.answer(Err("No such file or directory"));
    talk.expect(admin, "-ERR Error loading ACLs, opening file 'u.acl': No such file or directory");
}

#[test]
fn users_are_saved_as_they_were_when_it_was_asked() {
    let mut talk = with(&[("aclfile", "u.acl")]);
    let (admin, other) = (talk.client(), talk.client());
    talk.send(admin, &["ACL SETUSER alice on nopass", "ACL SAVE"]);
    talk.send(other, &["ACL SETUSER bob"]);
    let (request, text) = talk.host_request.take().expect("the host was asked");
    assert_eq!(request, HostRequest::SaveUsers);
    assert!(text.starts_with("user alice on nopass") && !text.contains("bob"), "{text}");
    talk.answer(Ok(b""));
    talk.expect(admin, "+OK|+OK");
    talk.expect(other, "+OK");
    // A client that has gone meanwhile gets no answer, and keeps no other waiting.
    talk.send(admin, &["ACL SAVE"]);
    talk.leave(admin);
    talk.answer(Err("No space left on device"));
    talk.check(other, "PING", "+PONG");
    talk.send(other, &["ACL SAVE"]);
    talk.answer(Err("No space left on device"));
    talk.expect(
        other,
        "-ERR There was an error trying to save the ACLs. Please check the server logs for more information",
    );
    talk.send(other, &["MULTI", "ACL SAVE", "EXEC"]);
    assert_eq!(talk.host_request, None);
}

#[test]
fn settings_are_written_with_the_users() {
    let mut talk = with(&[("config-file", "/etc/s.conf"), ("maxmemory", "100mb")]);
    let admin = talk.client();
    talk.send(admin, &["CONFIG SET requirepass a\"b", "CONFIG REWRITE"]);
    let (request, text) = talk.host_request.take().expect("the host was asked");
    assert_eq!(request, HostRequest::RewriteSettings);
    assert!(
        text.contains("\nrequirepass \"a\\\"b\"\n") && text.contains("\nmaxmemory \"104857600\"\n"),
        "{text}"
    );
    assert!(text.contains("\nuser default on"), "{text}");
    talk.answer(Err("Permission denied"));
    talk.expect(admin, "+OK|-ERR Rewriting config file: Permission denied");
}

#[test]
fn quotes_keep_every_byte() {
    assert_eq!(super::quoted(b"a\n\xff\x01 \\\xc3\xa9"), "\"a\\n\\xff\\x01 \\\\\u{e9}\"");
}

#[test]
fn settings_of_tls_wait_for_the_host() {
    let mut talk = with(&[("storage", "yes"), ("port", "6379"), ("bind", "127.0.0.1")]);
    let (admin, other) = (talk.client(), talk.client());
    talk.send(admin, &["CONFIG SET tls-port 6380 tls-cert-file a.crt maxmemory 1mb", "CONFIG GET tls-port"]);
    let (request, text) = talk.host_request.clone().expect("the host is asked");
    assert_eq!(request, HostRequest::ChangeEdge);
    assert!(text.contains("tls-cert-file \"a.crt\"\n") && text.contains("tls-port \"6380\"\n"), "{text}");
    assert!(text.contains("tls-auth-clients \"yes\"\n") && !text.contains("maxmemory"), "{text}");
    talk.send(other, &["CONFIG GET maxmemory"]);
    talk.expect(other, "");
    // One of them that is no good spoils all.
    talk.answer(Err("tls-key-file is not set"));
    talk.expect(
        admin,
        "-ERR CONFIG SET failed (possibly related to argument 'tls-port') - tls-key-file is not set|*2|$8|tls-port|$1|0",
    );
    talk.expect(other, "*2|$9|maxmemory|$1|0");
    talk.send(admin, &["CONFIG SET maxmemory 1mb TLS-PORT 6380", "CONFIG GET tls-port"]);
    talk.answer(Ok(b""));
    talk.expect(admin, "+OK|*2|$8|tls-port|$4|6380");
    let info = talk.ask(admin, "INFO server");
    assert!(info.contains("tcp_port:6379|") && info.contains("name=tls,bind=127.0.0.1,port=6380"), "{info}");
    assert!(!info.contains("tls_cert_expires_in_days"), "the host tells of no certificate: {info}");
}

#[test]
fn settings_of_tls_are_refused_before_the_host_is_asked() {
    let mut talk = with(&[("storage", "yes")]);
    let admin = talk.client();
    for (words, why) in [
        ("tls-port 70000", "argument must be between 0 and 65535 inclusive"),
        ("tls-auth-clients maybe", "argument(s) must be one of the following: no, yes, optional"),
        ("tls-session-caching perhaps", "argument must be 'yes' or 'no'"),
        ("tls-auto-reload-interval -1", "argument must be between 0 and 2147483647 inclusive"),
    ] {
        let name = words.split(' ').next().unwrap();
        let refused =
            alloc::format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        assert_eq!(talk.ask(admin, &alloc::format!("CONFIG SET {words}")), refused);
    }
    let reply = talk.ask(admin, "CONFIG SET tls-key-file-pass secret");
    assert!(reply.contains("openssl pkey -in"), "{reply}");
    let reply = talk.ask(admin, "CONFIG SET dir / tls-port 1 enable-debug-command no");
    assert!(reply.starts_with("-ERR CONFIG SET failed"), "{reply}");
    talk.send(admin, &["MULTI", "CONFIG SET tls-port 1", "EXEC"]);
    talk.expect(
        admin,
        "+OK|+QUEUED|*1|-ERR Commands that use the server's files are not allowed inside a transaction",
    );
    assert_eq!(talk.host_request, None);
}

#[test]
fn settings_of_http_go_the_same_way() {
    let mut talk = with(&[("storage", "yes")]);
    let admin = talk.client();
    talk.send(admin, &["CONFIG SET http-port 8079 http-max-request 1mb", "CONFIG GET http-max-request"]);
    let (request, text) = talk.host_request.clone().expect("the host is asked");
    assert_eq!(request, HostRequest::ChangeEdge);
    assert!(
        text.contains("http-max-request \"1048576\"\nhttp-metrics \"token\"\nhttp-port \"8079\"\n"),
        "{text}"
    );
    talk.answer(Ok(b""));
    talk.expect(admin, "+OK|*2|$16|http-max-request|$7|1048576");
    for (words, why) in [
        ("http-port 70000", "argument must be between 0 and 65535 inclusive"),
        ("http-max-request 1gb", "argument must be between 1 and 536870912 inclusive"),
        ("http-block-max 0", "argument must be between 1 and 86400 inclusive"),
        ("http-console maybe", "argument must be 'yes' or 'no'"),
        ("http-metrics maybe", "argument(s) must be one of the following: token, open, off"),
    ] {
        let name = words.split(' ').next().unwrap();
        let refused =
            alloc::format!("-ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");
        assert_eq!(talk.ask(admin, &alloc::format!("CONFIG SET {words}")), refused);
    }
}

/// An engine in a page takes a redis.conf's settings, but cannot open a port.
#[test]
fn without_a_host_that_keeps_files_there_is_no_port() {
    let mut talk = with(&[]);
    let admin = talk.client();
    assert_eq!(
        talk.ask(admin, "CONFIG SET tls-port 6380"),
        "-ERR CONFIG SET failed (possibly related to argument 'tls-port') - the engine has no ports here"
    );
    assert_eq!(
        talk.ask(admin, "CONFIG SET https-port 443"),
        "-ERR CONFIG SET failed (possibly related to argument 'https-port') - the engine has no ports here"
    );
    assert_eq!(talk.ask(admin, "CONFIG SET tls-port 0 tls-cert-file a.crt"), "+OK");
    assert_eq!(talk.ask(admin, "CONFIG GET tls-cert-file"), "*2|$13|tls-cert-file|$5|a.crt");
}
