//! Replies in Redis's protocol: where each ends, and what they are in JSON.

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
    /// How many elements are to come, of each array or map that is not whole.
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
            let parts = element.parts();
            if parts > 0 {
                self.open.push(parts);
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

/// Whether something is no reply, but comes on the engine's own account.
pub(super) fn is_push(reply: &[u8]) -> bool {
    reply.first() == Some(&b'>')
}

/// Appends a reply. Maps are objects, whose names are what the keys are, or what those are in JSON.
pub(super) fn push_json(json: &mut Vec<u8>, reply: &[u8], is_base64: bool) {
    let (mut open, mut at) = (Vec::<Open>::new(), 0);
    while let Some((element, end)) = element(reply, at) {
        at = end;
        let (is_map, rest) = (matches!(element, Element::Map(_)), element.parts());
        if rest > 0 {
            json.push(if is_map { b'{' } else { b'[' });
            open.push(Open { rest, is_map, start: json.len() });
            continue;
        }
        push_element(json, &element, is_base64, open.is_empty());
        loop {
            let Some(last) = open.last_mut() else { return };
            last.rest -= 1;
            if last.is_map && last.rest % 2 == 1 {
                end_name(json, last.start);
                break;
            }
            if last.rest > 0 {
                json.push(b',');
                last.start = json.len();
                break;
            }
            json.push(if last.is_map { b'}' } else { b']' });
            open.pop();
        }
    }
}

/// An array or an object of JSON that is not whole.
struct Open {
    /// How many elements are to come.
    rest: usize,
    is_map: bool,
    /// Where the last element begins that is no value of a map.
    start: usize,
}

/// Makes a name of what stands behind a place.
fn end_name(json: &mut Vec<u8>, start: usize) {
    if json.get(start) != Some(&b'"') {
        let name = json.split_off(start);
        push_string(json, &name);
    }
    json.push(b':');
}

/// Appends an element that has no parts.
fn push_element(json: &mut Vec<u8>, element: &Element<'_>, is_base64: bool, is_whole: bool) {
    let string = |json: &mut Vec<u8>, bytes: &[u8]| {
        if is_base64 {
            push_base64(json, bytes);
        } else {
            push_string(json, bytes);
        }
    };
    match *element {
        Element::Array(Some(_)) | Element::Push(_) => json.extend_from_slice(b"[]"),
        Element::Map(_) => json.extend_from_slice(b"{}"),
        Element::Array(None) | Element::Bulk(None) => json.extend_from_slice(b"null"),
        Element::Bulk(Some(bytes)) => string(json, bytes),
        Element::Boolean(is_true) => json.extend_from_slice(if is_true { b"true" } else { b"false" }),
        Element::Integer(digits) => json.extend_from_slice(digits),
        // What is no number in JSON is text: infinity and what is no number at all.
        Element::Double(digits) if digits.last().is_some_and(u8::is_ascii_digit) => {
            json.extend_from_slice(digits);
        }
        Element::Double(text) => string(json, text),
        Element::Error(text) => {
            json.extend_from_slice(b"{\"error\":");
            push_string(json, text);
            json.push(b'}');
        }
        Element::Status(b"OK") if is_whole => json.extend_from_slice(b"\"OK\""),
        Element::Status(text) => string(json, text),
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
        Some((Element::Array(_) | Element::Map(_) | Element::Push(_), _)) => {
            elements_of(reply).iter().flat_map(texts_of).collect()
        }
        Some((Element::Bulk(bytes), _)) => text(bytes.unwrap_or_default()),
        Some((
            Element::Integer(bytes) | Element::Double(bytes) | Element::Error(bytes) | Element::Status(bytes),
            _,
        )) => text(bytes),
        Some((Element::Boolean(is_true), _)) => text(if is_true { b"true" } else { b"false" }),
        None => Vec::new(),
    }
}

enum Element<'a> {
    /// A set, too.
    Array(Option<usize>),
    Push(usize),
    /// So many pairs.
    Map(usize),
    Bulk(Option<&'a [u8]>),
    Integer(&'a [u8]),
    Double(&'a [u8]),
    Boolean(bool),
    Error(&'a [u8]),
    Status(&'a [u8]),
}

impl Element<'_> {
    /// How many elements it is made of.
    fn parts(&self) -> usize {
        match self {
            Element::Array(count) => count.unwrap_or(0),
            Element::Push(count) => *count,
            Element::Map(pairs) => pairs.saturating_mul(2),
            _ => 0,
        }
    }
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
    let bulk = |len: usize| {
        let end = behind.checked_add(len)?;
        let whole = end.checked_add(2).filter(|whole| *whole <= rest.len())?;
        Some((&rest[behind..end], at + whole))
    };
    let (element, end) = match (rest[0], count()) {
        (b'*' | b'~', count) => (Element::Array(count), at + behind),
        (b'>', count) => (Element::Push(count.unwrap_or(0)), at + behind),
        (b'%', count) => (Element::Map(count.unwrap_or(0)), at + behind),
        (b'$' | b'=' | b'!', None) | (b'_', _) => (Element::Bulk(None), at + behind),
        (b'$', Some(len)) => bulk(len).map(|(bytes, end)| (Element::Bulk(Some(bytes)), end))?,
        // A verbatim string begins with its format and a colon.
        (b'=', Some(len)) => bulk(len).map(|(bytes, end)| (Element::Bulk(bytes.get(4..)), end))?,
        (b'!', Some(len)) => bulk(len).map(|(bytes, end)| (Element::Error(bytes), end))?,
        (b':' | b'(', _) => (Element::Integer(text), at + behind),
        (b',', _) => (Element::Double(text), at + behind),
        (b'#', _) => (Element::Boolean(text == b"t"), at + behind),
        (b'-', _) => (Element::Error(text), at + behind),
        _ => (Element::Status(text), at + behind),
    };
    Some((element, end))
}

/// An element has ended, and with it what it was the last of.
fn close(open: &mut Vec<usize>) {
    while let Some(last) = open.last_mut() {
        *last -= 1;
        if *last > 0 {
            break;
        }
        open.pop();
    }
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
            b"+OK\r\n$3\r\na\r\n\r\n*2\r\n*0\r\n*1\r\n:7\r\n$-1\r\n*-1\r\n-ERR no\r\n*1\r\n*1\r\n$0\r\n\r\n\
              %1\r\n+a\r\n~1\r\n_\r\n>2\r\n+a\r\n=5\r\ntxt:b\r\n";
        let mut whole = Replies::default();
        whole.push(all);
        let (expected, has_more) = whole.take();
        assert_eq!((expected.len(), has_more), (9, false));
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
            // The third version has more kinds.
            (
                b"%2\r\n$1\r\na\r\n%1\r\n:1\r\n_\r\n*1\r\n+x\r\n~2\r\n#t\r\n%0\r\n",
                r#"{"result":{"a":{"1":null},"[\"x\"]":[true,{}]}}"#,
                r#"{"result":{"YQ==":{"1":null},"[\"eA==\"]":[true,{}]}}"#,
            ),
            (
                b"*5\r\n,1.5\r\n,-inf\r\n(12345678901234567890\r\n=6\r\ntxt:ab\r\n!5\r\nERR x\r\n",
                r#"{"result":[1.5,"-inf",12345678901234567890,"ab",{"error":"ERR x"}]}"#,
                r#"{"result":[1.5,"LWluZg==",12345678901234567890,"YWI=",{"error":"ERR x"}]}"#,
            ),
        ] {
            assert_eq!((json(reply, false).as_str(), json(reply, true).as_str()), (text, encoded));
        }
        assert_eq!(json(b"$2\r\n\xff\n\r\n", false), "{\"result\":\"\u{fffd}\\n\"}");
        let elements = elements_of(b"*2\r\n:1\r\n*1\r\n+a\r\n");
        assert_eq!(elements.iter().collect::<Vec<_>>(), [&b":1\r\n"[..], b"*1\r\n+a\r\n"]);
    }
}
