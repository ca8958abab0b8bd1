//! The printable form of replies and arguments that scripts and failure messages use.
//!
//! A scalar is one line. An aggregate is a line with its sign and length, then its elements indented
//! by two spaces; maps list key, value, key, value.
//!
//! | line | meaning |
//! |---|---|
//! | `+OK` `-ERR text` `:1` | simple string, error, integer |
//! | `"a\r\n\x00"` | bulk string |
//! | `$-1` `*-1` `_` | null of RESP2 (string, array) and of RESP3 |
//! | `*2` `~2` `>2` `%1` `\|1` | array, set, push, map, attribute |
//! | `,1.5` `#t` `(123` `=txt "a"` | double, boolean, big number, verbatim string |

use crate::reply::Reply;

/// Writes `bytes` in double quotes with everything unprintable escaped.
pub fn quote(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for &byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(byte as char),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

/// Reads what [`quote`] writes, from the start of `text`; returns the bytes and the rest of `text`.
pub fn unquote(text: &str) -> Result<(Vec<u8>, &str), String> {
    let body = text.strip_prefix('"').ok_or_else(|| format!("no quoted string at {text:?}"))?;
    let mut bytes = Vec::new();
    let mut chars = body.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((bytes, &body[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'r')) => bytes.push(b'\r'),
                Some((_, 'n')) => bytes.push(b'\n'),
                Some((_, 't')) => bytes.push(b'\t'),
                Some((_, '"')) => bytes.push(b'"'),
                Some((_, '\\')) => bytes.push(b'\\'),
                Some((from, 'x')) => {
                    let digits = body.get(from + 1..from + 3).ok_or("\\x needs two digits")?;
                    bytes.push(u8::from_str_radix(digits, 16).map_err(|_| "\\x needs two digits")?);
                    chars.nth(1);
                }
                _ => return Err(format!("unknown escape in {text:?}")),
            },
            _ => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err(format!("unterminated string {text:?}"))
}

/// Writes one argument as a script would: bare when that is unambiguous, quoted otherwise.
pub fn argument(bytes: &[u8]) -> String {
    let bare = !bytes.is_empty()
        && bytes.iter().all(|byte| byte.is_ascii_graphic() && !b"\"\\{}#".contains(byte))
        && !bytes.starts_with(b"@");
    if bare { String::from_utf8_lossy(bytes).into_owned() } else { quote(bytes) }
}

/// Writes a whole request as a script would.
pub fn request<A: AsRef<[u8]>>(args: &[A]) -> String {
    args.iter().map(|arg| argument(arg.as_ref())).collect::<Vec<_>>().join(" ")
}

/// Encodes a request as an array of bulk strings.
pub fn encode_request<A: AsRef<[u8]>>(args: &[A], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", args.len()).as_bytes());
    for arg in args {
        let arg = arg.as_ref();
        out.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}

/// The lines of a reply's printable form.
pub fn lines(reply: &Reply) -> Vec<String> {
    let mut lines = Vec::new();
    write(reply, 0, &mut lines);
    lines
}

/// The printable form in one piece, for messages.
pub fn show(reply: &Reply) -> String {
    lines(reply).join("\n")
}

/// The first line of a reply's printable form: all of it for a scalar.
pub fn head(reply: &Reply) -> String {
    match reply {
        Reply::Simple(text) => format!("+{}", bare(text.as_bytes())),
        Reply::Error(text) => format!("-{}", bare(text)),
        Reply::Integer(value) => format!(":{value}"),
        Reply::Bulk(bytes) => quote(bytes),
        Reply::NullBulk => "$-1".into(),
        Reply::NullArray => "*-1".into(),
        Reply::Null => "_".into(),
        Reply::Double(text) => format!(",{text}"),
        Reply::Bool(value) => format!("#{}", if *value { 't' } else { 'f' }),
        Reply::BigNumber(text) => format!("({text}"),
        Reply::Verbatim(format, bytes) => format!("={format} {}", quote(bytes)),
        Reply::Array(items) => format!("*{}", items.len()),
        Reply::Set(items) => format!("~{}", items.len()),
        Reply::Push(items) => format!(">{}", items.len()),
        Reply::Map(pairs) => format!("%{}", pairs.len()),
        Reply::Attribute(pairs) => format!("|{}", pairs.len()),
    }
}

/// The elements of an aggregate in the order of its lines; keys and values alternate.
pub fn children(reply: &Reply) -> Vec<&Reply> {
    match reply {
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => items.iter().collect(),
        Reply::Map(pairs) | Reply::Attribute(pairs) => {
            pairs.iter().flat_map(|(key, value)| [key, value]).collect()
        }
        _ => Vec::new(),
    }
}

fn write(reply: &Reply, depth: usize, lines: &mut Vec<String>) {
    lines.push(format!("{}{}", "  ".repeat(depth), head(reply)));
    for child in children(reply) {
        write(child, depth + 1, lines);
    }
}

/// Escapes as [`quote`] does, without the quotes and with `"` left as it is: for one-line texts.
/// A space at the end is escaped too, for editors remove it.
fn bare(bytes: &[u8]) -> String {
    let quoted = quote(bytes);
    let text = quoted[1..quoted.len() - 1].replace("\\\"", "\"");
    match text.strip_suffix(' ') {
        Some(text) => format!("{text}\\x20"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_reversible() {
        let bytes: Vec<u8> = (0..=255).collect();
        let quoted = quote(&bytes);
        assert!(quoted.is_ascii());
        assert_eq!(unquote(&quoted), Ok((bytes, "")));
        assert_eq!(unquote("\"a\" rest"), Ok((b"a".to_vec(), " rest")));
        assert!(unquote("\"open").is_err());
    }

    #[test]
    fn aggregates_are_indented() {
        let reply = Reply::Array(vec![
            Reply::Integer(1),
            Reply::Map(vec![(Reply::Bulk(b"k".to_vec()), Reply::Null)]),
        ]);
        assert_eq!(lines(&reply), ["*2", "  :1", "  %1", "    \"k\"", "    _"]);
    }
}
