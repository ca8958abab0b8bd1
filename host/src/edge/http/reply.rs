//! Replies in Redis's protocol, version 2: where each ends, and what they are in JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::mem;

/// What a command replies whose wait was in vain.
pub(super) const NOTHING: &[u8] = b"$-1\r\n";

/// An error as a reply.
pub(super) fn error_reply(message: &str) -> Vec<u8> {
    format!("-{}\r\n", message.replace(['\r', '\n'], " ")).into_bytes()
}

/// The text of a reply that is an error; nothing for all others.
pub(super) fn error_of(reply: &[u8]) -> Option<String> {
    let text = reply.strip_prefix(b"-")?.strip_suffix(b"\r\n")?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Replies that are whole, one behind the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answers {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Answers {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them.
    pub(super) fn get(&self, nth: usize) -> Option<&[u8]> {
        let end = *self.ends.get(nth)?;
        Some(&self.bytes[if nth == 0 { 0 } else { self.ends[nth - 1] }..end])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map_while(|nth| self.get(nth))
    }

    pub(super) fn push(&mut self, reply: &[u8]) {
        self.bytes.extend_from_slice(reply);
        self.ends.push(self.bytes.len());
    }

    /// Leaves the first ones.
    pub(super) fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// All of them as they came.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Finds where replies end, in bytes that come in any pieces.
#[derive(Default)]
pub(super) struct Replies {
    bytes: Vec<u8>,
    /// Where the element begins that is to be read next.
    at: usize,
    /// How many elements are to come, of each array that is not whole.
    open: Vec<usize>,
    /// Where the replies end that are whole.
    ends: Vec<usize>,
}

impl Replies {
    /// Replies that are whole.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all of them, and of the one that is not.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the bytes that come next.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        while let Some((element, end)) = element(&self.bytes, self.at) {
            self.at = end;
            if let Element::Array(Some(count)) = element
                && count > 0
            {
                self.open.push(count);
                continue;
            }
            close(&mut self.open);
            if self.open.is_empty() {
                self.ends.push(end);
            }
        }
    }

    /// The replies that are whole, each once, and whether anything is left.
    pub(super) fn take(&mut self) -> (Answers, bool) {
        let end = self.ends.last().copied().unwrap_or(0);
        let rest = self.bytes.split_off(end);
        self.at -= end;
        let has_more = !rest.is_empty();
        let answers = Answers { bytes: mem::replace(&mut self.bytes, rest), ends: mem::take(&mut self.ends) };
        (answers, has_more)
    }
}

/// The elements of a reply that is an array.
pub(super) fn elements_of(reply: &[u8]) -> Answers {
    let mut replies = Replies::default();
    if let Some((Element::Array(Some(_)), end)) = element(reply, 0) {
        replies.push(&reply[end..]);
    }
    replies.take().0
}

/// Appends a reply in the object that tells results and errors apart. With base64 all strings are encoded but for an `OK`
/// that is the whole reply, since clients decode whatever else is a string.
pub(super) fn push_item(json: &mut Vec<u8>, reply: &[u8], is_base64: bool) {
    if reply.first() == Some(&b'-') {
        return push_json(json, reply, is_base64);
    }
    json.extend_from_slice(b"{\"result\":");
    push_json(json, reply, is_base64);
    json.push(b'}');
}

/// Appends a reply.
pub(super) fn push_json(json: &mut Vec<u8>, reply: &[u8], is_base64: bool) {
    let string = |json: &mut Vec<u8>, bytes: &[u8]| {
        if is_base64 {
            push_base64(json, bytes);
        } else {
            push_string(json, bytes);
        }
    };
    let (mut open, mut at) = (Vec::new(), 0);
    while let Some((element, end)) = element(reply, at) {
        at = end;
        match element {
            Element::Array(Some(count)) if count > 0 => {
                json.push(b'[');
                open.push(count);
                continue;
            }
            Element::Array(Some(_)) => json.extend_from_slice(b"[]"),
            Element::Array(None) | Element::Bulk(None) => json.extend_from_slice(b"null"),
            Element::Bulk(Some(bytes)) => string(json, bytes),
            Element::Integer(digits) => json.extend_from_slice(digits),
            Element::Error(text) => {
                json.extend_from_slice(b"{\"error\":");
                push_string(json, text);
                json.push(b'}');
            }
            Element::Status(b"OK") if open.is_empty() => json.extend_from_slice(b"\"OK\""),
            Element::Status(text) => string(json, text),
        }
        for _ in 0..close(&mut open) {
            json.push(b']');
        }
        if open.is_empty() {
            return;
        }
        json.push(b',');
    }
}

/// Appends a string of JSON that is bytes in base64.
fn push_base64(json: &mut Vec<u8>, bytes: &[u8]) {
    json.push(b'"');
    let start = json.len();
    json.resize(start + base64::encoded_len(bytes.len(), true).expect("bytes in memory are few enough"), 0);
    STANDARD.encode_slice(bytes, &mut json[start..]).expect("there is as much room as it takes");
    json.push(b'"');
}

/// Appends a string of JSON. What is no UTF-8 cannot be told in one, and is replaced.
pub(super) fn push_string(json: &mut Vec<u8>, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    serde_json::to_writer(json, &text).expect("a vector takes everything");
}

/// The parts of a message, or a line, as texts.
pub(super) fn texts_of(reply: &[u8]) -> Vec<String> {
    let text = |bytes: &[u8]| vec![String::from_utf8_lossy(bytes).into_owned()];
    match element(reply, 0) {
        Some((Element::Array(_), _)) => elements_of(reply).iter().flat_map(texts_of).collect(),
        Some((Element::Bulk(bytes), _)) => text(bytes.unwrap_or_default()),
        Some((Element::Integer(bytes) | Element::Error(bytes) | Element::Status(bytes), _)) => text(bytes),
        None => Vec::new(),
    }
}

enum Element<'a> {
    Array(Option<usize>),
    Bulk(Option<&'a [u8]>),
    Integer(&'a [u8]),
    Error(&'a [u8]),
    Status(&'a [u8]),
}

/// The element that begins at a place, and where it ends; nothing while it is not whole.
fn element(bytes: &[u8], at: usize) -> Option<(Element<'_>, usize)> {
    let rest = bytes.get(at..)?;
    let line = rest.iter().position(|&byte| byte == b'\r')?;
    if rest.len() < line + 2 {
        return None;
    }
    // A line that is empty is no element; an engine does not send it.
    let (text, behind) = (rest.get(1..line)?, line + 2);
    let count = || str::from_utf8(text).ok().and_then(|text| text.parse::<usize>().ok());
    Some(match rest[0] {
        b'*' => (Element::Array(count()), at + behind),
        b'$' => match count() {
            None => (Element::Bulk(None), at + behind),
            Some(len) => {
                let end = behind.checked_add(len)?;
                (
                    Element::Bulk(Some(rest.get(behind..end)?)),
                    at + end.checked_add(2).filter(|end| *end <= rest.len())?,
                )
            }
        },
        b':' => (Element::Integer(text), at + behind),
        b'-' => (Element::Error(text), at + behind),
        _ => (Element::Status(text), at + behind),
    })
}

/// An element has ended, and with it so many arrays.
fn close(open: &mut Vec<usize>) -> usize {
    let before = open.len();
    while let Some(last) = open.last_mut() {
        *last -= 1;
        if *last > 0 {
            break;
        }
        open.pop();
    }
    before - open.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(reply: &[u8], is_base64: bool) -> String {
        let mut json = Vec::new();
        push_item(&mut json, reply, is_base64);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn replies_end_where_they_end_however_they_are_cut() {
        let all: &[u8] =
            b"+OK\r\n$3\r\na\r\n\r\n*2\r\n*0\r\n*1\r\n:7\r\n$-1\r\n*-1\r\n-ERR no\r\n*1\r\n*1\r\n$0\r\n\r\n";
        let mut whole = Replies::default();
        whole.push(all);
        let (expected, has_more) = whole.take();
        assert_eq!((expected.len(), has_more), (7, false));
        for cut in 0..all.len() {
            let mut replies = Replies::default();
            replies.push(&all[..cut]);
            let (mut got, _) = replies.take();
            replies.push(&all[cut..]);
            for reply in replies.take().0.iter() {
                got.push(reply);
            }
            assert_eq!(got, expected, "{cut}");
        }
    }

    #[test]
    fn replies_become_json() {
        for (reply, text, encoded) in [
            (&b"+OK\r\n"[..], r#"{"result":"OK"}"#, r#"{"result":"OK"}"#),
            (b"+PONG\r\n", r#"{"result":"PONG"}"#, r#"{"result":"UE9ORw=="}"#),
            (b"$2\r\nOK\r\n", r#"{"result":"OK"}"#, r#"{"result":"T0s="}"#),
            (b":9007199254740993\r\n", r#"{"result":9007199254740993}"#, r#"{"result":9007199254740993}"#),
            (b"$-1\r\n", r#"{"result":null}"#, r#"{"result":null}"#),
            (
                b"*3\r\n*0\r\n*2\r\n:1\r\n+OK\r\n$1\r\na\r\n",
                r#"{"result":[[],[1,"OK"],"a"]}"#,
                r#"{"result":[[],[1,"T0s="],"YQ=="]}"#,
            ),
            (b"-ERR \"no\"\r\n", r#"{"error":"ERR \"no\""}"#, r#"{"error":"ERR \"no\""}"#),
            (
                b"*1\r\n-ERR in\r\n",
                r#"{"result":[{"error":"ERR in"}]}"#,
                r#"{"result":[{"error":"ERR in"}]}"#,
            ),
        ] {
            assert_eq!((json(reply, false).as_str(), json(reply, true).as_str()), (text, encoded));
        }
        assert_eq!(json(b"$2\r\n\xff\n\r\n", false), "{\"result\":\"\u{fffd}\\n\"}");
        let elements = elements_of(b"*2\r\n:1\r\n*1\r\n+a\r\n");
        assert_eq!(elements.iter().collect::<Vec<_>>(), [&b":1\r\n"[..], b"*1\r\n+a\r\n"]);
    }
}
