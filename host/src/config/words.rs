//! The words of a line.

use super::SettingError;

/// Splits a line as Redis's configuration does: words, `'…'` with `\'`, `"…"` with C-like escapes.
pub(crate) fn split_words(line: &str) -> Result<Vec<String>, SettingError> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.as_bytes()[0] {
            b'"' => double_quoted(&rest[1..])?,
            b'\'' => single_quoted(&rest[1..])?,
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return Err(SettingError::NoSpaceAfterQuote);
        }
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

fn single_quoted(text: &str) -> Result<(String, &str), SettingError> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('\'').ok_or(SettingError::UnbalancedQuotes)?;
        match rest[..end].strip_suffix('\\') {
            Some(before) => {
                word.push_str(before);
                word.push('\'');
                rest = &rest[end + 1..];
            }
            None => {
                word.push_str(&rest[..end]);
                return Ok((word, &rest[end + 1..]));
            }
        }
    }
}

fn double_quoted(text: &str) -> Result<(String, &str), SettingError> {
    let mut bytes = Vec::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let word = String::from_utf8(bytes).map_err(|_| SettingError::NotUtf8)?;
                return Ok((word, &text[at + 1..]));
            }
            '\\' => {
                let (at, escape) = characters.next().ok_or(SettingError::UnbalancedQuotes)?;
                let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                match (escape, hex) {
                    ('x', Some(byte)) => {
                        bytes.push(byte);
                        characters.nth(1);
                    }
                    ('n', _) => bytes.push(b'\n'),
                    ('r', _) => bytes.push(b'\r'),
                    ('t', _) => bytes.push(b'\t'),
                    ('a', _) => bytes.push(7),
                    ('b', _) => bytes.push(8),
                    (other, _) => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            other => bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err(SettingError::UnbalancedQuotes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_unquote() {
        for (line, words) in [
            ("a  b\tc", &["a", "b", "c"][..]),
            (r#"a "b c" 'd e'"#, &["a", "b c", "d e"]),
            (r#""\n\t\"\\\x41" 'it\'s'"#, &["\n\t\"\\A", "it's"]),
            (r#"a """#, &["a", ""]),
            ("name värde", &["name", "värde"]),
        ] {
            assert_eq!(split_words(line).unwrap(), words);
        }
        for line in ["\"a", "'a", "\"a\"b", "\"a\\"] {
            assert!(split_words(line).is_err(), "{line}");
        }
    }
}
