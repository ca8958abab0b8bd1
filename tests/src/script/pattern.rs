//! Expected replies, which may leave parts open.

use std::collections::HashMap;

use crate::reply::Reply;
use crate::text::{children, head};

/// What `@as NAME` caught.
pub type Vars = HashMap<String, Vec<u8>>;

/// One line of an expectation with the indented lines below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The line without its indentation.
    pub line: String,
    /// The elements.
    pub children: Vec<Node>,
}

/// Whether `reply` is as `node` wants it; catches variables on the way.
pub fn matches(node: &Node, reply: &Reply, vars: &mut Vars) -> bool {
    if node.line == "@any" {
        return true;
    }
    if let Some(pattern) = node.line.strip_prefix("@match ") {
        return node.children.is_empty() && children(reply).is_empty() && glob(pattern, &head(reply));
    }
    if let Some(name) = node.line.strip_prefix("@as ") {
        return catch(name, reply, vars);
    }
    let parts = children(reply);
    if let Some(line) = node.line.strip_prefix("@unordered ") {
        return line == head(reply) && matches_unordered(&node.children, &parts, 1, vars);
    }
    if let Some(line) = node.line.strip_prefix("@pairs ") {
        return line == head(reply) && matches_unordered(&node.children, &parts, 2, vars);
    }
    node.line == head(reply)
        && node.children.len() == parts.len()
        && node.children.iter().zip(parts).all(|(node, part)| matches(node, part, vars))
}

/// Each group of `size` nodes finds a group of parts of its own. Takes the first that fits.
fn matches_unordered(nodes: &[Node], parts: &[&Reply], size: usize, vars: &mut Vars) -> bool {
    if nodes.len() != parts.len() || !nodes.len().is_multiple_of(size) {
        return false;
    }
    let mut left: Vec<&[&Reply]> = parts.chunks(size).collect();
    nodes.chunks(size).all(|group| {
        let fits = |found: &&[&Reply], vars: &mut Vars| {
            group.iter().zip(*found).all(|(node, part)| matches(node, part, vars))
        };
        let at = left.iter().position(|found| fits(found, vars));
        at.map(|at| left.swap_remove(at)).is_some()
    })
}

fn catch(name: &str, reply: &Reply, vars: &mut Vars) -> bool {
    let value = match reply {
        Reply::Integer(value) => value.to_string().into_bytes(),
        other => match other.bytes() {
            Some(bytes) => bytes.to_vec(),
            None => return false,
        },
    };
    vars.insert(name.into(), value);
    true
}

/// Whether `text` has the shape of `pattern`, in which `*` stands for any run and `?` for any one character.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the run of the last `*` must grow by one.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, fits) in [
            ("a*c", "abbc", true),
            ("*", "", true),
            ("a?", "a", false),
            ("*b*c*", "xbyycz", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn unordered_elements_and_pairs() {
        let leaf = |line: &str| Node { line: line.into(), children: Vec::new() };
        let reply = Reply::Array([1, 2, 3, 4].map(Reply::Integer).to_vec());
        let mut vars = Vars::new();
        let list =
            |line: &str, order: [&str; 4]| Node { line: line.into(), children: order.map(leaf).to_vec() };
        assert!(matches(&list("@unordered *4", [":4", ":2", ":3", ":1"]), &reply, &mut vars));
        assert!(matches(&list("@pairs *4", [":3", ":4", ":1", ":2"]), &reply, &mut vars));
        assert!(!matches(&list("@pairs *4", [":4", ":3", ":1", ":2"]), &reply, &mut vars));
        assert!(!matches(&list("*4", [":4", ":2", ":3", ":1"]), &reply, &mut vars));
    }
}
