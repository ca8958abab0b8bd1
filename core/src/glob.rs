//! Glob patterns, as in KEYS, SCAN, PSUBSCRIBE and CONFIG GET.

/// Whether `text` as a whole matches `pattern`: `*` is any run of bytes, `?` any byte, `[a-z]` and
/// `[^a-z]` a byte in or out of a set, and a backslash takes the next byte literally. With
/// `nocase`, ASCII letters match in either case.
///
/// Odd patterns mean what they mean to Redis: an unterminated set ends with the pattern, a lone
/// backslash at the end is itself, a set's ranges may be given backwards and compare signed bytes,
/// an escaped byte in a set matches in its own case only, and empty text matches the empty pattern
/// but not `*`.
///
/// Takes at most `pattern.len() * text.len()` steps and no memory.
pub fn glob_match(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut at, mut pos) = (0, 0);
    // What follows the last star, and where in the text it was tried last. Earlier stars need no
    // second try: they have matched as little as they can, which leaves the most to the later one.
    let mut star = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at = skip_stars(pattern, at);
            if at == pattern.len() {
                return true;
            }
            star = Some((at, pos));
        }
        if let Some(next) = match_one(pattern, at, text[pos], nocase) {
            (at, pos) = (next, pos + 1);
            if pos == text.len() {
                // Where the text runs out, a later start would only run out of it sooner.
                return skip_stars(pattern, at) == pattern.len();
            }
            continue;
        }
        match &mut star {
            Some((after, tried)) if *tried + 1 < text.len() => {
                *tried += 1;
                (at, pos) = (*after, *tried);
            }
            _ => return false,
        }
    }
}

fn skip_stars(pattern: &[u8], at: usize) -> usize {
    at + pattern[at..].iter().take_while(|&&byte| byte == b'*').count()
}

/// Matches one byte with the element of the pattern at `at`, and returns where the next one is.
fn match_one(pattern: &[u8], at: usize, byte: u8, nocase: bool) -> Option<usize> {
    match &pattern[at..] {
        [b'?', ..] => Some(at + 1),
        [b'[', ..] => match_set(pattern, at + 1, byte, nocase),
        [b'\\', literal, ..] => same(*literal, byte, nocase).then_some(at + 2),
        [literal, ..] => same(*literal, byte, nocase).then_some(at + 1),
        [] => None,
    }
}

fn match_set(pattern: &[u8], mut at: usize, byte: u8, nocase: bool) -> Option<usize> {
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let mut found = false;
    loop {
        match &pattern[at..] {
            [b'\\', literal, ..] => {
                found |= *literal == byte;
                at += 2;
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [] => break,
            [start, b'-', end, ..] => {
                found |= in_range(*start, *end, byte, nocase);
                at += 3;
            }
            [literal, ..] => {
                found |= same(*literal, byte, nocase);
                at += 1;
            }
        }
    }
    (found != negated).then_some(at)
}

#[inline(always)]
fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || nocase && a.eq_ignore_ascii_case(&b)
}

/// Ranges compare C's `char`, which is signed on the platforms that Redis is mostly run on.
fn in_range(start: u8, end: u8, byte: u8, nocase: bool) -> bool {
    let (low, high) = if start as i8 > end as i8 { (end, start) } else { (start, end) };
    if nocase {
        return (lower(low)..=lower(high)).contains(&lower(byte));
    }
    (low as i8..=high as i8).contains(&(byte as i8))
}

/// C's `tolower` of a signed `char`: it gives a negative one's unsigned value, except for -1,
/// which it takes for the end of a file.
fn lower(byte: u8) -> i16 {
    if byte == 0xff { -1 } else { i16::from(byte.to_ascii_lowercase()) }
}
