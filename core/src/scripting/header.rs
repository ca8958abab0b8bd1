//! The first line of a script or library: `#!lua name=… flags=…`.

use alloc::vec::Vec;

use crate::base::error::Error;
use crate::resp::split_inline;

/// What a script has declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Declared(u8);

impl Declared {
    /// Nothing was declared, so that it is checked while it runs.
    pub(crate) const NOTHING: Declared = Declared(1 << 7);
    /// It only reads.
    pub(crate) const NO_WRITES: Declared = Declared(1);
    /// It may run when memory is over its limit.
    pub(crate) const ALLOW_OOM: Declared = Declared(1 << 1);

    /// All flags by name, in the order in which FUNCTION LIST shows them.
    pub(crate) const NAMES: [(&'static str, Declared); 6] = [
        ("no-writes", Declared::NO_WRITES),
        ("allow-oom", Declared::ALLOW_OOM),
        ("allow-stale", Declared(1 << 2)),
        ("no-cluster", Declared(1 << 3)),
        ("allow-cross-slot-keys", Declared(1 << 4)),
        // Upstash's: it asks for locks on single keys, where others lock all. Here no script runs beside another.
        ("allow-key-locking", Declared(1 << 5)),
    ];

    /// Whether one of these flags is set.
    pub(crate) fn has(self, other: Declared) -> bool {
        self.0 & other.0 != 0
    }

    /// Both.
    pub(crate) const fn and(self, other: Declared) -> Declared {
        Declared(self.0 | other.0)
    }

    /// The flag of this name.
    pub(crate) fn named(name: &[u8]) -> Option<Declared> {
        Declared::NAMES.iter().find(|(known, _)| known.as_bytes() == name).map(|&(_, flag)| flag)
    }
}

/// What a script declares, and where its text goes on.
pub(crate) fn of_script(body: &[u8]) -> Result<(Declared, usize), Error> {
    if !body.starts_with(b"#!") {
        return Ok((Declared::NOTHING, 0));
    }
    let end = body.iter().position(|&byte| byte == b'\n');
    let end = end.ok_or(Error::Text("ERR Invalid script shebang"))?;
    let words = words(&body[..end]).ok_or(Error::Text("ERR Invalid engine in script shebang"))?;
    let (engine, options) = words.split_first().ok_or(Error::Text("ERR Invalid engine in script shebang"))?;
    if engine != b"#!lua" {
        return Err(Error::quoting_all("ERR Unexpected engine in script shebang: ", engine, ""));
    }
    let mut declared = Declared::default();
    for option in options {
        let Some(flags) = option.strip_prefix(b"flags=") else {
            return Err(Error::quoting_all("ERR Unknown lua shebang option: ", option, ""));
        };
        if flags.is_empty() {
            continue;
        }
        for flag in flags.split(|&byte| byte == b',') {
            let known = Declared::named(flag)
                .ok_or_else(|| Error::quoting_all("ERR Unexpected flag in script shebang: ", flag, ""))?;
            declared = declared.and(known);
        }
    }
    Ok((declared, end))
}

/// The name of a library, and where its text goes on.
pub(crate) fn of_library(text: &[u8]) -> Result<(Vec<u8>, usize), Error> {
    const INVALID: Error = Error::Text("ERR Invalid library metadata");
    if !text.starts_with(b"#!") {
        return Err(Error::Text("ERR Missing library metadata"));
    }
    let end = text.iter().position(|&byte| byte == b'\n').ok_or(INVALID)?;
    let words = words(&text[..end]).ok_or(INVALID)?;
    let (engine, options) = words.split_first().ok_or(INVALID)?;
    let mut name = None;
    for option in options {
        match option.split_at_checked(5) {
            Some((word, given)) if word.eq_ignore_ascii_case(b"name=") => {
                if name.replace(given.to_vec()).is_some() {
                    return Err(Error::Text(
                        "ERR Invalid metadata value, name argument was given multiple times",
                    ));
                }
            }
            _ => return Err(Error::quoting_all("ERR Invalid metadata value given: ", option, "")),
        }
    }
    let name = name.ok_or(Error::Text("ERR Library name was not given"))?;
    check_name(&name)?;
    let engine = &engine[2..];
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err(Error::quoting_all("ERR Engine '", engine, "' not found"));
    }
    Ok((name, end))
}

/// Whether libraries and functions may have this name.
pub(crate) fn check_name(name: &[u8]) -> Result<(), Error> {
    let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if !name.is_empty() && name.iter().all(is_fit) {
        return Ok(());
    }
    Err(Error::Text(
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character \
         long",
    ))
}

/// The words of a line, as those of an inline command; nothing if a quotation is left open.
pub(crate) fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut buffer, mut ranges) = (Vec::new(), Vec::new());
    split_inline(line, &mut buffer, &mut ranges)?;
    let word = |&(start, len): &(u32, u32)| buffer[start as usize..(start + len) as usize].to_vec();
    Some(ranges.iter().map(word).collect())
}
