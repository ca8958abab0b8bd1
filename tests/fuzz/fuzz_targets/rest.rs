//! What a request over HTTP asks for, in its path or in JSON, and what its replies become: nothing that comes may panic,
//! and what goes in comes out.
//!
//! `cargo +nightly fuzz run rest` in `tests/`. The server's own modules are built here without the server.
#![no_main]
// Of these the server needs more than is asked for here.
#![allow(dead_code)]

#[path = "../../../host/src/edge/http/refusal.rs"]
mod refusal;
#[path = "../../../host/src/edge/http/reply.rs"]
mod reply;
#[path = "../../../host/src/edge/http/request.rs"]
mod request;

use libfuzzer_sys::fuzz_target;
use reply::{Replies, elements_of, push_item};
use request::{Commands, read_command, read_commands, read_path};

/// How deep the arrays of a reply lie.
const LEVELS_MAX: usize = 4;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    match choice % 4 {
        0 => check_json(rest),
        1 => check_path(rest),
        2 => check_replies(rest),
        _ => {
            // An engine does not send this, and yet it must do no harm.
            for reply in whole(rest, rest.len()) {
                push_item(&mut Vec::new(), &reply, choice & 4 == 0);
            }
        }
    }
});

/// Words that were read are read again from what they are written as, in JSON and as a command.
fn check_json(body: &[u8]) {
    let lists = [read_commands(body), read_command(body)];
    for commands in lists.into_iter().flatten() {
        for words in commands.iter() {
            let texts: Option<Vec<&str>> = words.map(|word| str::from_utf8(word).ok()).collect();
            let texts = texts.expect("JSON is text");
            let json = serde_json::to_vec(&texts).expect("texts can be written");
            assert_eq!(read_command(&json), Ok(Commands::one(&texts)));
        }
        let words: Vec<Vec<&[u8]>> = commands.iter().map(Iterator::collect).collect();
        assert_eq!(sent(&commands), words);
    }
}

/// Words of any bytes come through a path, if each is escaped; a path as it came is refused or taken.
fn check_path(text: &[u8]) {
    let escaped = |word: &[u8]| word.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let words: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let path = words.iter().map(|word| format!("/{}", escaped(word))).collect::<String>();
    let commands = Commands::one(&words);
    assert_eq!(read_path(&path, "_token=secret", &[]).as_ref(), Ok(&commands));
    assert_eq!(sent(&commands), [words]);
    if let Ok(text) = str::from_utf8(text)
        && let Some((path, query)) = format!("/{text}").split_once('?')
    {
        let _ = read_path(path, query, b"body");
    }
}

/// Replies end at the same places however they are cut, and are JSON.
fn check_replies(bytes: &[u8]) {
    let (mut wire, mut count, mut choices) = (Vec::new(), 0, bytes.iter().copied());
    while choices.len() > 0 {
        push_reply(&mut wire, &mut choices, 0);
        count += 1;
    }
    let replies = whole(&wire, wire.len());
    assert_eq!(replies.len(), count);
    assert_eq!(replies.concat(), wire);
    for size in [1, 2, 7] {
        assert_eq!(whole(&wire, size), replies);
    }
    for reply in &replies {
        for is_base64 in [false, true] {
            let mut json = Vec::new();
            push_item(&mut json, reply, is_base64);
            let read: Result<serde_json::Value, _> = serde_json::from_slice(&json);
            assert!(read.is_ok(), "{}", String::from_utf8_lossy(&json));
        }
    }
}

/// The replies in bytes that come in pieces of a size.
fn whole(wire: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (mut replies, mut all) = (Replies::default(), Vec::new());
    for piece in wire.chunks(size.max(1)) {
        replies.push(piece);
        all.extend(replies.take().0.iter().map(<[u8]>::to_vec));
    }
    all
}

/// The words of commands as their receiver reads them.
fn sent(commands: &Commands) -> Vec<Vec<Vec<u8>>> {
    let mut replies = Replies::default();
    replies.push(commands.wire());
    let bulk = |element: &[u8]| {
        let start = element.iter().position(|&byte| byte == b'\n').expect("a length stands before") + 1;
        element[start..element.len() - 2].to_vec()
    };
    replies.take().0.iter().map(|command| elements_of(command).iter().map(bulk).collect()).collect()
}

/// Appends a reply such as an engine sends, which the bytes choose.
fn push_reply(wire: &mut Vec<u8>, choices: &mut dyn Iterator<Item = u8>, level: usize) {
    let mut next = || choices.next().unwrap_or(0);
    let (kind, size) = (next(), next());
    match kind % 7 {
        0 => wire.extend_from_slice(b"+OK\r\n"),
        1 => wire.extend_from_slice(format!("-ERR {size}\r\n").as_bytes()),
        2 => wire.extend_from_slice(format!(":{}\r\n", i32::from(size) - 128).as_bytes()),
        3 => wire.extend_from_slice(b"$-1\r\n"),
        4 => wire.extend_from_slice(b"*-1\r\n"),
        5 if level < LEVELS_MAX => {
            wire.extend_from_slice(format!("*{}\r\n", size % 5).as_bytes());
            for _ in 0..size % 5 {
                push_reply(wire, choices, level + 1);
            }
        }
        _ => {
            wire.extend_from_slice(format!("${size}\r\n").as_bytes());
            wire.extend((0..size).map(|_| next()));
            wire.extend_from_slice(b"\r\n");
        }
    }
}
