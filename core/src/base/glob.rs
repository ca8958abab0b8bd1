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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use std::vec::Vec;

    #[test]
    fn patterns_match_as_in_redis() {
        let cases: &[(&[u8], &[u8], bool)] = &[
            (b"hello", b"hello", true),
            (b"hello", b"hell", false),
            (b"hell", b"hello", false),
            (b"h?llo", b"hallo", true),
            (b"h?llo", b"hllo", false),
            (b"h*llo", b"heeeello", true),
            (b"h*llo", b"hllo", true),
            (b"h[ae]llo", b"hello", true),
            (b"h[ae]llo", b"hillo", false),
            (b"h[^e]llo", b"hallo", true),
            (b"h[^e]llo", b"hello", false),
            (b"h[a-b]llo", b"hbllo", true),
            (b"h[b-a]llo", b"hallo", true),
            (b"*", b"anything", true),
            (b"***", b"anything", true),
            (b"a*", b"a", true),
            (b"a**", b"a", true),
            (b"*a*b*", b"xxaxxbxx", true),
            (b"*a*b", b"abab", true),
            (b"*a*bc", b"abab", false),
            (b"a*?", b"a", false),
            (b"*?", b"a", true),
            // A star does not match empty text; only a shortcut for KEYS * does.
            (b"", b"", true),
            (b"*", b"", false),
            (b"**", b"", false),
            (b"", b"a", false),
            // Escapes.
            (b"\\*", b"*", true),
            (b"\\*", b"a", false),
            (b"a\\", b"a\\", true),
            (b"\\\\", b"\\", true),
            (b"[\\]]", b"]", true),
            (b"[\\^a]", b"^", true),
            (b"[a\\-c]", b"b", false),
            (b"[\\", b"\\", true),
            // Sets that do not end, are empty, or end where a range would.
            (b"[", b"[", false),
            (b"[^", b"x", true),
            (b"[^", b"xy", false),
            (b"[abc", b"b", true),
            (b"[a-", b"-", true),
            (b"[a-c", b"b", true),
            (b"[]", b"]", false),
            (b"[]a]", b"]a]", false),
            (b"[^]", b"x", true),
            (b"[a-]", b"^", true),
            (b"[a-]", b"-", false),
            (b"[a-]]", b"b]", false),
            (b"*[ab", b"xxb", true),
            // Ranges compare signed bytes.
            (b"[a-\xff]", b"b", false),
            (b"[a-\xff]", b"A", true),
            (b"[\x80-a]", b"A", true),
            (b"[\xd0-\xdf]", b"\xd5", true),
            (b"\xff*", b"\xff\0", true),
        ];
        for &(pattern, text, matches) in cases {
            let what = (pattern.escape_ascii(), text.escape_ascii());
            assert_eq!(glob_match(pattern, text, false), matches, "{} on {}", what.0, what.1);
        }
    }

    #[test]
    fn case_is_ignored_on_request() {
        let cases: &[(&[u8], &[u8], bool)] = &[
            (b"HeLLo*", b"hEllO there", true),
            (b"\\A", b"a", true),
            (b"[abc]", b"B", true),
            (b"[A-C]", b"b", true),
            (b"[a-c]", b"B", true),
            (b"[^a-c]", b"B", false),
            // An escaped byte of a set keeps its case.
            (b"[\\a]", b"A", false),
            (b"[Z-a]", b"b", false),
            (b"\xc3", b"\xe3", false),
            // C lowers a negative char to its unsigned value, except for -1.
            (b"[a-\x80]", b"a", false),
            (b"[a-\xff]", b"a", true),
        ];
        for &(pattern, text, matches) in cases {
            let what = (pattern.escape_ascii(), text.escape_ascii());
            assert_eq!(glob_match(pattern, text, true), matches, "{} on {}", what.0, what.1);
        }
    }

    #[test]
    fn many_stars_take_little_time() {
        let pattern = b"*a".repeat(2_000);
        let mut text = b"a".repeat(1_999);
        assert!(!glob_match(&pattern, &text, false));
        text.push(b'b');
        assert!(!glob_match(&pattern, &text, false));
        text.push(b'a');
        assert!(glob_match(&pattern, &text, false));
    }

    #[test]
    fn agrees_with_a_recursive_model() {
        let mut random = Random::new([13; 16]);
        let mut pick = |bytes: &[u8], max| -> Vec<u8> {
            (0..random.below(max)).map(|_| bytes[random.below(bytes.len() as u64) as usize]).collect()
        };
        let mut matched = 0;
        for _ in 0..50_000 {
            let (pattern, text) = (pick(b"**?aab[]^-\\", 9), pick(b"aab", 7));
            let model = recursive(&pattern, &text, true);
            assert_eq!(glob_match(&pattern, &text, false), model, "{pattern:?} on {text:?}");
            matched += u32::from(model);
        }
        assert!(matched > 2_000, "only {matched} matched");
    }

    /// The definition of a star, without care for time.
    fn recursive(pattern: &[u8], text: &[u8], whole: bool) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            // Empty text from the start matches no star.
            ([b'*', rest @ ..], []) => !whole && recursive(rest, text, false),
            (_, []) => false,
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| recursive(rest, &text[skip..], false)),
            (_, [byte, rest @ ..]) => match_one(pattern, 0, *byte, false)
                .is_some_and(|next| recursive(&pattern[next..], rest, false)),
        }
    }
}
