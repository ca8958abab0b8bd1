//! The first line of a script or library: `#!lua name=… flags=…`.

use alloc::vec::Vec;

use crate::error::Error;
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
    pub(crate) const NAMES: [(&'static str, Declared); 5] = [
        ("no-writes", Declared::NO_WRITES),
        ("allow-oom", Declared::ALLOW_OOM),
        ("allow-stale", Declared(1 << 2)),
        ("no-cluster", Declared(1 << 3)),
        ("allow-cross-slot-keys", Declared(1 << 4)),
    ];

    /// Whether one of these flags is set.
    pub(crate) fn has(self, other: Declared) -> bool {
        self.0 & other.0 != 0
    }

    /// Both.
    pub(crate) fn and(self, other: Declared) -> Declared {
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

/// The words of a line, as those of an inline command; nothing if a quotation is left open.
pub(crate) fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (mut buffer, mut ranges) = (Vec::new(), Vec::new());
    split_inline(line, &mut buffer, &mut ranges)?;
    let word = |&(start, len): &(u32, u32)| buffer[start as usize..(start + len) as usize].to_vec();
    Some(ranges.iter().map(word).collect())
}
