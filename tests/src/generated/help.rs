//! The help text of the server as data: the one list of flags, from which come the manual page and the completions.

use sanderling_core::config;

const HELP: &str = include_str!("../../../host/src/config/help.txt");

/// A group of flags.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) flags: Vec<Flag>,
}

/// A flag with what the help says of it.
#[derive(Clone)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// What stands for its value, without the brackets.
    pub(super) value: &'static str,
    pub(super) text: String,
    /// Its default, if the help tells one.
    pub(super) default: Option<String>,
}

impl Flag {
    /// The words that it can have, if there are few.
    pub(super) fn words(&self) -> Option<Vec<&'static str>> {
        self.value.contains('|').then(|| self.value.split('|').collect())
    }

    /// Whether its value is the path of a file or a directory.
    pub(super) fn is_path(&self) -> bool {
        self.value.starts_with("path")
    }
}

/// The flags of the help, by its sections.
pub(super) fn sections() -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in HELP.lines() {
        let is_title = line.len() < 20 && line.starts_with(char::is_uppercase) && !line.contains(' ');
        if is_title {
            sections.push(Section { title: line, flags: Vec::new() });
            continue;
        }
        let Some(section) = sections.last_mut() else { continue };
        if let Some(flag) = line.strip_prefix("  --") {
            section.flags.push(flag_of(flag));
        } else if line.starts_with("      ")
            && let Some(flag) = section.flags.last_mut()
        {
            add_text(flag, line.trim());
        }
    }
    sections
}

fn flag_of(line: &'static str) -> Flag {
    let (name, rest) = line.split_once(' ').expect("a flag has a value");
    let (value, text) =
        rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).expect("a value has brackets");
    // Some have several values.
    let (value, text) = match text.strip_prefix(" <").and_then(|rest| rest.split_once('>')) {
        Some((_, text)) => (&rest[1..rest.len() - text.len() - 1], text),
        None => (value, text),
    };
    let mut flag = Flag { name, value, text: String::new(), default: None };
    add_text(&mut flag, text.trim());
    flag
}

/// Adds a line of the description, at whose end the default may stand.
fn add_text(flag: &mut Flag, line: &str) {
    let (text, default) = match line.strip_suffix(']').and_then(|line| line.rsplit_once('[')) {
        Some((text, default)) => (text.trim(), Some(default.to_owned())),
        None => (line, None),
    };
    if !flag.text.is_empty() && !text.is_empty() {
        flag.text.push(' ');
    }
    flag.text.push_str(text);
    flag.default = flag.default.take().or(default);
}

/// The names of settings that the help does not list and that something depends on.
pub(super) fn other_names() -> Vec<&'static str> {
    let listed: Vec<_> =
        sections().into_iter().flat_map(|section| section.flags).map(|flag| flag.name).collect();
    let mut names: Vec<_> = config::settings()
        .map(|setting| setting.name)
        .filter(|name| config::unused(name).is_none() && !listed.contains(name))
        .collect();
    names.sort_unstable();
    names
}

/// The names of settings that are only taken.
pub(super) fn unused_names() -> Vec<&'static str> {
    let mut names: Vec<_> = config::settings()
        .map(|setting| setting.name)
        .filter(|name| config::unused(name).is_some())
        .collect();
    names.sort_unstable();
    names
}
