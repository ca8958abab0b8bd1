//! Replies as values: what a server may send in RESP2 and RESP3, with a strict parser.
//!
//! The parser accepts exactly the two protocols and nothing near them, because a test client that
//! forgives hides the mistakes it is there to find.

use std::fmt;

/// One message of a server, of either protocol version.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+OK`
    Simple(String),
    /// `-ERR text`
    Error(Vec<u8>),
    /// `:1`
    Integer(i64),
    /// `$3 foo`
    Bulk(Vec<u8>),
    /// `$-1`, RESP2's missing string.
    NullBulk,
    /// `*-1`, RESP2's missing array.
    NullArray,
    /// `_`, RESP3's only null.
    Null,
    /// `*2 …`
    Array(Vec<Reply>),
    /// `%1 key value …`
    Map(Vec<(Reply, Reply)>),
    /// `~2 …`
    Set(Vec<Reply>),
    /// `,1.5`, kept as text because tests compare how it is written.
    Double(String),
    /// `#t`
    Bool(bool),
    /// `(123`, kept as text.
    BigNumber(String),
    /// `=txt:…`: the three letters of the format, then the text.
    Verbatim(String, Vec<u8>),
    /// `>3 …`, a message that answers no request.
    Push(Vec<Reply>),
    /// `|1 …`, remarks that precede a reply.
    Attribute(Vec<(Reply, Reply)>),
}

/// Why bytes are not RESP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What was expected, and what was there.
    pub reason: String,
    /// Offset of the fault in the given bytes.
    pub offset: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

/// Arrays within arrays deeper than this are taken for a fault of the server.
const NESTING_DEPTH_MAX: usize = 32;

impl Reply {
    /// Reads the first whole message of `bytes` and how many bytes it took, or `None` when it is not all there.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, Malformed> {
        let mut parser = Parser { bytes, at: 0 };
        match parser.reply(0) {
            Ok(reply) => Ok(Some((reply, parser.at))),
            Err(Stop::Incomplete) => Ok(None),
            Err(Stop::Malformed(reason)) => Err(Malformed { reason, offset: parser.at }),
        }
    }

    /// Reads all of `bytes`, which hold whole messages only.
    pub fn parse_all(mut bytes: &[u8]) -> Result<Vec<Reply>, Malformed> {
        let mut replies = Vec::new();
        while !bytes.is_empty() {
            let Some((reply, used)) = Reply::parse(bytes)? else {
                return Err(Malformed { reason: "the last message is cut short".into(), offset: 0 });
            };
            replies.push(reply);
            bytes = &bytes[used..];
        }
        Ok(replies)
    }

    /// The elements of an array, set or push.
    pub fn elements(&self) -> Option<&[Reply]> {
        match self {
            Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => Some(items),
            _ => None,
        }
    }

    /// The bytes of a string-like reply.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Reply::Simple(text) | Reply::Double(text) | Reply::BigNumber(text) => Some(text.as_bytes()),
            Reply::Bulk(bytes) | Reply::Error(bytes) | Reply::Verbatim(_, bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Whether this is `+text`.
    pub fn is_simple(&self, text: &str) -> bool {
        matches!(self, Reply::Simple(own) if own == text)
    }

    /// Whether this is one of the three nulls.
    pub fn is_null(&self) -> bool {
        matches!(self, Reply::Null | Reply::NullBulk | Reply::NullArray)
    }
}

enum Stop {
    Incomplete,
    Malformed(String),
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn reply(&mut self, depth: usize) -> Result<Reply, Stop> {
        if depth > NESTING_DEPTH_MAX {
            return Err(Stop::Malformed("nested too deeply".into()));
        }
        let Some(&kind) = self.bytes.get(self.at) else { return Err(Stop::Incomplete) };
        if !b"+-:$*%~,#(=>|_".contains(&kind) {
            return Err(Stop::Malformed(format!("no message begins with {:?}", kind as char)));
        }
        let begin = self.at;
        self.at += 1;
        let line = self.line()?;
        // A script may reply any bytes in one line.
        let text = || String::from_utf8_lossy(line).into_owned();
        match kind {
            b'+' => Ok(Reply::Simple(text())),
            b'-' => Ok(Reply::Error(line.to_vec())),
            b':' => Ok(Reply::Integer(integer(line)?)),
            b'(' => Ok(Reply::BigNumber(text())),
            b',' => double(text()),
            b'_' if line.is_empty() => Ok(Reply::Null),
            b'#' if line == b"t" => Ok(Reply::Bool(true)),
            b'#' if line == b"f" => Ok(Reply::Bool(false)),
            b'$' if line == b"-1" => Ok(Reply::NullBulk),
            b'*' if line == b"-1" => Ok(Reply::NullArray),
            b'$' => Ok(Reply::Bulk(self.blob(length(line)?)?)),
            b'=' => self.verbatim(length(line)?),
            b'*' => Ok(Reply::Array(self.items(length(line)?, depth)?)),
            b'~' => Ok(Reply::Set(self.items(length(line)?, depth)?)),
            b'>' => Ok(Reply::Push(self.items(length(line)?, depth)?)),
            b'%' => Ok(Reply::Map(self.pairs(length(line)?, depth)?)),
            b'|' => Ok(Reply::Attribute(self.pairs(length(line)?, depth)?)),
            _ => {
                let shown = String::from_utf8_lossy(&self.bytes[begin..self.at]).into_owned();
                Err(Stop::Malformed(format!("bad header {shown:?}")))
            }
        }
    }

    /// The rest of a header line, without its end.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\r' || byte == b'\n') else {
            return Err(Stop::Incomplete);
        };
        match rest.get(end..end + 2) {
            Some(b"\r\n") => {
                self.at += end + 2;
                Ok(&rest[..end])
            }
            Some(_) => Err(Stop::Malformed("a header line must end with CR LF".into())),
            None if rest[end] == b'\r' => Err(Stop::Incomplete),
            None => Err(Stop::Malformed("a header line must end with CR LF".into())),
        }
    }

    fn blob(&mut self, len: usize) -> Result<Vec<u8>, Stop> {
        let Some(blob) = self.bytes.get(self.at..self.at + len + 2) else { return Err(Stop::Incomplete) };
        self.at += len + 2;
        if !blob.ends_with(b"\r\n") {
            return Err(Stop::Malformed("a blob must end with CR LF".into()));
        }
        Ok(blob[..len].to_vec())
    }

    fn verbatim(&mut self, len: usize) -> Result<Reply, Stop> {
        let blob = self.blob(len)?;
        match (blob.get(..3).map(String::from_utf8_lossy), blob.get(3)) {
            (Some(format), Some(b':')) => Ok(Reply::Verbatim(format.into_owned(), blob[4..].to_vec())),
            _ => Err(Stop::Malformed("a verbatim string begins with three letters and a colon".into())),
        }
    }

    fn items(&mut self, len: usize, depth: usize) -> Result<Vec<Reply>, Stop> {
        // No `with_capacity(len)`: the length is the server's word, the bytes are the proof.
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(self.reply(depth + 1)?);
        }
        Ok(items)
    }

    fn pairs(&mut self, len: usize, depth: usize) -> Result<Vec<(Reply, Reply)>, Stop> {
        let mut pairs = Vec::new();
        for _ in 0..len {
            pairs.push((self.reply(depth + 1)?, self.reply(depth + 1)?));
        }
        Ok(pairs)
    }
}

fn integer(line: &[u8]) -> Result<i64, Stop> {
    let text = std::str::from_utf8(line).unwrap_or("");
    match text.parse::<i64>() {
        // Only the canonical form: no plus sign, no leading zeros, no "-0".
        Ok(value) if value.to_string() == text => Ok(value),
        _ => Err(Stop::Malformed(format!("bad integer {:?}", String::from_utf8_lossy(line)))),
    }
}

/// Nothing real is longer; a larger length is a fault of the server.
const LENGTH_MAX: i64 = 1 << 32;

fn length(line: &[u8]) -> Result<usize, Stop> {
    match integer(line)? {
        len @ 0..=LENGTH_MAX => Ok(len as usize),
        len => Err(Stop::Malformed(format!("bad length {len}"))),
    }
}

fn double(text: String) -> Result<Reply, Stop> {
    let shaped = text.bytes().all(|byte| b"0123456789+-.e".contains(&byte)) && text.parse::<f64>().is_ok();
    if shaped || matches!(text.as_str(), "inf" | "-inf" | "nan") {
        return Ok(Reply::Double(text));
    }
    Err(Stop::Malformed(format!("bad double {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &[u8]) -> Reply {
        let (reply, used) = Reply::parse(bytes).unwrap().unwrap();
        assert_eq!(used, bytes.len());
        reply
    }

    #[test]
    fn reads_every_kind() {
        assert_eq!(one(b"+OK\r\n"), Reply::Simple("OK".into()));
        assert_eq!(one(b"-ERR no\r\n"), Reply::Error(b"ERR no".to_vec()));
        assert_eq!(one(b":-7\r\n"), Reply::Integer(-7));
        assert_eq!(one(b"$4\r\na\r\nb\r\n"), Reply::Bulk(b"a\r\nb".to_vec()));
        assert_eq!(one(b"*2\r\n$-1\r\n*-1\r\n"), Reply::Array(vec![Reply::NullBulk, Reply::NullArray]));
        assert_eq!(one(b"%1\r\n+a\r\n_\r\n"), Reply::Map(vec![(Reply::Simple("a".into()), Reply::Null)]));
        assert_eq!(one(b"~1\r\n#t\r\n"), Reply::Set(vec![Reply::Bool(true)]));
        assert_eq!(one(b",1.5e+17\r\n"), Reply::Double("1.5e+17".into()));
        assert_eq!(one(b",-inf\r\n"), Reply::Double("-inf".into()));
        assert_eq!(one(b"(123\r\n"), Reply::BigNumber("123".into()));
        assert_eq!(one(b"=6\r\ntxt:hi\r\n"), Reply::Verbatim("txt".into(), b"hi".to_vec()));
        assert_eq!(one(b">1\r\n:1\r\n"), Reply::Push(vec![Reply::Integer(1)]));
    }

    #[test]
    fn every_prefix_is_incomplete() {
        let whole = b"*3\r\n$3\r\nfoo\r\n%1\r\n:1\r\n,2.5\r\n=7\r\ntxt:a\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(Reply::parse(&whole[..end]), Ok(None), "prefix of {end} bytes");
        }
        assert!(Reply::parse(whole).unwrap().is_some());
    }

    #[test]
    fn refuses_what_is_nearly_right() {
        for bytes in [
            &b"OK\r\n"[..],
            b":01\r\n",
            b":+1\r\n",
            b"$-2\r\n",
            b"*x\r\n",
            b"+OK\n\n",
            b"$1\r\nab\r\n",
            b",1.5x\r\n",
            b",Infinity\r\n",
            b"#1\r\n",
            b"_x\r\n",
            b"=2\r\nhi\r\n",
        ] {
            assert!(Reply::parse(bytes).is_err(), "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
