//! Frames of WebSocket (RFC 6455): what comes in them, piece by piece, and how they go out.
//!
//! The heads are read by tungstenite. What it gathers above them stays unused: a message may have as many bytes as a value,
//! and goes on to the engine while it comes.

use std::io::Cursor;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// Bytes of the longest head.
const HEAD_BYTES_MAX: usize = 14;
/// Bytes that pings, pongs and closes may carry.
const CONTROL_BYTES_MAX: u64 = 125;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// A piece of a message, perhaps empty, and whether the message ends with it.
    Data {
        bytes: &'a [u8],
        is_text: bool,
        is_end: bool,
    },
    /// To be answered with the same bytes.
    Ping(Vec<u8>),
    Pong,
    /// The peer sends nothing more, and why.
    Close(Option<CloseCode>),
}

/// Reads frames of a client, cut in any way.
#[derive(Default)]
pub(super) struct Frames {
    /// A head that is not whole.
    head: Vec<u8>,
    current: Option<Current>,
    /// Whether the message that has begun is text.
    message: Option<bool>,
    /// What has come of a ping, pong or close.
    control: Vec<u8>,
    text: Text,
}

/// The frame whose bytes come next.
struct Current {
    opcode: OpCode,
    is_final: bool,
    mask: [u8; 4],
    /// How many of its bytes were read, and how many are to come.
    read: u64,
    rest: u64,
}

impl Frames {
    /// Reads on, and takes what it has read from the bytes, which it unmasks in their place. Nothing while there is not
    /// enough; what breaks the protocol is answered with the code, and the end.
    pub(super) fn next<'a>(&mut self, bytes: &mut &'a mut [u8]) -> Result<Option<Event<'a>>, CloseCode> {
        loop {
            if self.current.is_none() && !self.begin(bytes)? {
                return Ok(None);
            }
            let current = self.current.as_mut().expect("a frame has begun");
            if bytes.is_empty() && current.rest > 0 {
                return Ok(None);
            }
            let piece = current.take(bytes);
            let is_whole = current.rest == 0;
            let (opcode, is_final) = (current.opcode, current.is_final);
            if is_whole {
                self.current = None;
            }
            match opcode {
                OpCode::Data(_) => return self.data(piece, is_whole && is_final).map(Some),
                OpCode::Control(kind) => {
                    self.control.extend_from_slice(piece);
                    if is_whole {
                        return control(kind, std::mem::take(&mut self.control)).map(Some);
                    }
                }
            }
        }
    }

    /// Reads the head of a frame; `false` if it is not whole.
    fn begin(&mut self, bytes: &mut &mut [u8]) -> Result<bool, CloseCode> {
        let known = self.head.len();
        let wanted = bytes.len().min(HEAD_BYTES_MAX - known);
        self.head.extend_from_slice(&bytes[..wanted]);
        let mut cursor = Cursor::new(self.head.as_slice());
        let Some((head, length)) = FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::Protocol)? else {
            skip(bytes, wanted);
            return Ok(false);
        };
        let length_of_head = usize::try_from(cursor.position()).expect("a head is short");
        skip(bytes, length_of_head - known);
        self.head.clear();
        self.current = Some(self.check(&head, length)?);
        Ok(true)
    }

    /// Whether such a frame may come now.
    fn check(&mut self, head: &FrameHeader, length: u64) -> Result<Current, CloseCode> {
        let mask = head.mask.filter(|_| !head.rsv1 && !head.rsv2 && !head.rsv3).ok_or(CloseCode::Protocol)?;
        let is_allowed = match head.opcode {
            OpCode::Control(_) => head.is_final && length <= CONTROL_BYTES_MAX,
            OpCode::Data(Data::Continue) => self.message.is_some(),
            OpCode::Data(kind) => self.message.replace(kind == Data::Text).is_none(),
        };
        if !is_allowed || length > i64::MAX as u64 {
            return Err(CloseCode::Protocol);
        }
        Ok(Current { opcode: head.opcode, is_final: head.is_final, mask, read: 0, rest: length })
    }

    fn data<'a>(&mut self, bytes: &'a [u8], is_end: bool) -> Result<Event<'a>, CloseCode> {
        let is_text = self.message.expect("a frame of data belongs to a message");
        if is_end {
            self.message = None;
        }
        if is_text && !self.text.take(bytes, is_end) {
            return Err(CloseCode::Invalid);
        }
        Ok(Event::Data { bytes, is_text, is_end })
    }
}

impl Current {
    /// Takes what there is of its bytes.
    fn take<'a>(&mut self, bytes: &mut &'a mut [u8]) -> &'a [u8] {
        let count = usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
        let (piece, behind) = std::mem::take(bytes).split_at_mut(count);
        *bytes = behind;
        let turn = (self.read % 4) as usize;
        let mut mask = self.mask;
        mask.rotate_left(turn);
        for part in piece.chunks_mut(4) {
            for (byte, key) in part.iter_mut().zip(mask) {
                *byte ^= key;
            }
        }
        self.read += count as u64;
        self.rest -= count as u64;
        piece
    }
}

fn skip(bytes: &mut &mut [u8], count: usize) {
    *bytes = &mut std::mem::take(bytes)[count..];
}

fn control<'a>(kind: Control, payload: Vec<u8>) -> Result<Event<'a>, CloseCode> {
    match kind {
        Control::Ping => Ok(Event::Ping(payload)),
        Control::Close => code_of(&payload).map(Event::Close),
        // There are no others: tungstenite refuses them.
        _ => Ok(Event::Pong),
    }
}

/// The code that a close has, if it has one.
fn code_of(payload: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(CloseCode::Protocol) };
    };
    let code = CloseCode::from(u16::from_be_bytes(*code));
    if !code.is_allowed() {
        return Err(CloseCode::Protocol);
    }
    str::from_utf8(reason).map(|_| Some(code)).map_err(|_| CloseCode::Invalid)
}

/// Whether text is UTF-8, although it comes in pieces.
#[derive(Default)]
struct Text {
    /// A character that is not whole.
    partial: Vec<u8>,
}

impl Text {
    /// Takes a piece; `false` if it is none.
    fn take(&mut self, mut piece: &[u8], is_end: bool) -> bool {
        while !self.partial.is_empty()
            && let Some((&byte, behind)) = piece.split_first()
        {
            self.partial.push(byte);
            piece = behind;
            match str::from_utf8(&self.partial) {
                Ok(_) => self.partial.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return false,
            }
        }
        if let Err(error) = str::from_utf8(piece) {
            if error.error_len().is_some() {
                return false;
            }
            self.partial.extend_from_slice(&piece[error.valid_up_to()..]);
        }
        !is_end || self.partial.is_empty()
    }
}

/// Appends a frame that is a whole message of text or bytes.
pub(super) fn push_message(out: &mut Vec<u8>, bytes: &[u8], is_text: bool) {
    push(out, OpCode::Data(if is_text { Data::Text } else { Data::Binary }), bytes);
}

/// Appends a ping.
pub(super) fn push_ping(out: &mut Vec<u8>) {
    push(out, OpCode::Control(Control::Ping), b"");
}

/// Appends the answer to a ping.
pub(super) fn push_pong(out: &mut Vec<u8>, payload: &[u8]) {
    push(out, OpCode::Control(Control::Pong), payload);
}

/// Appends a close.
pub(super) fn push_close(out: &mut Vec<u8>, code: Option<CloseCode>) {
    let payload = code.map(|code| u16::from(code).to_be_bytes());
    push(out, OpCode::Control(Control::Close), payload.as_ref().map_or(&[], |payload| payload));
}

fn push(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    let head = FrameHeader { opcode, ..FrameHeader::default() };
    head.format(payload.len() as u64, out).expect("a vector takes everything");
    out.extend_from_slice(payload);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

    /// A frame as a client sends it: the first byte as it is.
    pub(in super::super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut head = vec![first];
        match payload.len() {
            len @ 0..126 => head.push(0x80 | len as u8),
            len @ 126..0x10000 => {
                head.push(0x80 | 126);
                head.extend((len as u16).to_be_bytes());
            }
            len => {
                head.push(0x80 | 127);
                head.extend((len as u64).to_be_bytes());
            }
        }
        head.extend(MASK);
        head.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        head
    }

    /// What messages and other events come of bytes that are read in pieces.
    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, CloseCode> {
        let (mut frames, mut seen, mut message) = (Frames::default(), Vec::new(), Vec::new());
        for piece in pieces {
            let mut bytes = piece.to_vec();
            let mut rest = bytes.as_mut_slice();
            while let Some(event) = frames.next(&mut rest)? {
                match event {
                    Event::Data { bytes, is_text, is_end } => {
                        message.extend_from_slice(bytes);
                        if is_end {
                            let text = String::from_utf8_lossy(&message).into_owned();
                            seen.push(format!("{} {text}", if is_text { "text" } else { "binary" }));
                            message.clear();
                        }
                    }
                    Event::Ping(payload) => seen.push(format!("ping {}", String::from_utf8_lossy(&payload))),
                    Event::Pong => seen.push("pong".to_owned()),
                    Event::Close(code) => seen.push(format!("close {:?}", code.map(u16::from))),
                }
            }
            assert!(rest.is_empty());
        }
        Ok(seen)
    }

    #[test]
    fn frames_are_the_same_however_they_are_cut() {
        let long = "x".repeat(300);
        let all = [
            frame(0x82, b"whole"),
            frame(0x01, "a\u{e9}".as_bytes().split_at(2).0),
            frame(0x89, b"between"),
            frame(0x00, &"a\u{e9}\u{1f600}".as_bytes()[2..5]),
            frame(0x8a, b""),
            frame(0x80, &"a\u{e9}\u{1f600}".as_bytes()[5..]),
            frame(0x82, b""),
            frame(0x82, long.as_bytes()),
            frame(0x88, &[0x03, 0xe8, b'o', b'k']),
        ]
        .concat();
        let expected = [
            "binary whole",
            "ping between",
            "pong",
            "text a\u{e9}\u{1f600}",
            "binary ",
            &format!("binary {long}"),
            "close Some(1000)",
        ];
        for cut in 0..all.len() {
            assert_eq!(read(&[&all[..cut], &all[cut..]]).unwrap(), expected, "{cut}");
        }
        let single: Vec<&[u8]> = all.chunks(1).collect();
        assert_eq!(read(&single).unwrap(), expected);
        let large = vec![b'y'; 70_000];
        assert_eq!(read(&[&frame(0x82, &large)]).unwrap()[0].len(), 70_007);
    }

    #[test]
    fn what_breaks_the_protocol_is_refused_by_its_code() {
        let unmasked = [&[0x82, 5][..], b"whole"].concat();
        for (bytes, code) in [
            (unmasked, CloseCode::Protocol),
            (frame(0xc2, b"compressed"), CloseCode::Protocol),
            (frame(0x83, b"reserved"), CloseCode::Protocol),
            (frame(0x8b, b"reserved"), CloseCode::Protocol),
            (frame(0x80, b"continues nothing"), CloseCode::Protocol),
            ([frame(0x02, b"a"), frame(0x82, b"b")].concat(), CloseCode::Protocol),
            (frame(0x09, b"a ping in fragments"), CloseCode::Protocol),
            (frame(0x89, &[b'x'; 126]), CloseCode::Protocol),
            (frame(0x88, &[3]), CloseCode::Protocol),
            (frame(0x88, &1005u16.to_be_bytes()), CloseCode::Protocol),
            (frame(0x88, &999u16.to_be_bytes()), CloseCode::Protocol),
            (frame(0x88, &[0x03, 0xe8, 0xff]), CloseCode::Invalid),
            (frame(0x81, b"\xff"), CloseCode::Invalid),
            (frame(0x81, b"\xc3"), CloseCode::Invalid),
            ([frame(0x01, b"\xc3"), frame(0x80, b"x")].concat(), CloseCode::Invalid),
            (
                [&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], &MASK].concat(),
                CloseCode::Protocol,
            ),
        ] {
            assert_eq!(read(&[&bytes]), Err(code), "{bytes:?}");
        }
        assert_eq!(read(&[&frame(0x88, b"")]).unwrap(), ["close None"]);
    }

    /// Whatever comes, in whatever pieces, is the same events or the same refusal.
    #[test]
    fn changed_frames_are_read_alike_in_any_pieces() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        let all = [
            frame(0x01, "\u{e9}".as_bytes()),
            frame(0x89, b"ping"),
            frame(0x80, b"rest"),
            frame(0x82, &[7; 200]),
            frame(0x88, &[0x03, 0xe8]),
        ]
        .concat();
        let mut refused = 0;
        for _ in 0..20_000 {
            let mut bytes = all.clone();
            for _ in 0..=random(3) {
                let at = random(bytes.len());
                bytes[at] = u8::try_from(random(256)).unwrap();
            }
            let (mut pieces, mut rest) = (Vec::new(), bytes.as_slice());
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(1 + random(rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            let whole = read(&[&bytes]);
            refused += usize::from(whole.is_err());
            assert_eq!(read(&pieces), whole, "{bytes:?}");
        }
        assert!((1_000..19_000).contains(&refused), "{refused}");
    }

    #[test]
    fn frames_go_out_unmasked_and_as_short_as_may_be() {
        let mut out = Vec::new();
        push_message(&mut out, b"ab", false);
        push_message(&mut out, b"c", true);
        push_ping(&mut out);
        push_pong(&mut out, b"p");
        push_close(&mut out, Some(CloseCode::Normal));
        push_close(&mut out, None);
        assert_eq!(out, b"\x82\x02ab\x81\x01c\x89\x00\x8a\x01p\x88\x02\x03\xe8\x88\x00");
        let mut out = Vec::new();
        push_message(&mut out, &[0; 126], false);
        assert_eq!(out[..4], [0x82, 126, 0, 126]);
    }
}
