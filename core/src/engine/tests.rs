//! Tests of batches of requests.

use alloc::vec::Vec;

use crate::engine::conversation::Conversation;

mod time;

#[test]
fn what_was_announced_changes_no_reply() {
    // Announced are other databases than the first, requests of every kind, what is no request, and other inputs
    // than those that come.
    let script: [&[u8]; 6] = [
        b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n",
        b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n",
        b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n*1\r\n$4\r\nPING\r\n",
        b"*2\r\n$3\r\nGET\r\n$0\r\n\r\n",
        b"GET key\r\n",
        b"*2\r\n$3\r\nGET\r\n$3\r\nk",
    ];
    let replies = |ahead: bool| {
        let mut talk = Conversation::new();
        let (one, two) = (talk.client(), talk.client());
        for bytes in script {
            if ahead {
                let others = [&b"*2\r\n$99\r\n"[..], b"*2\r\n$1", b"", b"*0\r\n", b"\xff"];
                let announced = script.iter().chain(&others).cycle().take(100);
                talk.engine.look_ahead(announced.map(|bytes| (one, *bytes)));
                talk.engine.look_ahead([(two, bytes), (one, bytes), (7, bytes)].into_iter());
            }
            talk.send_bytes(one, bytes);
            talk.send_bytes(two, bytes);
        }
        talk.send_bytes(one, b"ey\r\n");
        [one, two].map(|conn| talk.said(conn))
    };
    assert_eq!(replies(true), replies(false));
    assert!(replies(true)[0].ends_with("$5|value|$5|value"), "{}", replies(true)[0]);
}

#[test]
fn a_name_is_found_however_the_one_before_was_sent() {
    let mut talk = Conversation::new();
    let conn = talk.client();
    let ping = b"*1\r\n$4\r\nPING\r\n";
    let parts: [&[u8]; 7] = [
        b"PING\r\n",
        ping,
        ping,
        b"PING\r\n",
        b"*1\r\n$4\r\nPong\r\n",
        b"*1\r\n$4\r\nping\r\n",
        b"*1\r\n$0\r\n\r\n",
    ];
    let input: Vec<u8> = parts.concat();
    talk.send_bytes(conn, &input);
    let unknown = |name| alloc::format!("-ERR unknown command '{name}', with args beginning with: ");
    let pong = "+PONG";
    let replies = [pong, pong, pong, pong, &unknown("Pong"), pong, &unknown("")];
    assert_eq!(talk.said(conn), replies.join("|"));
}
