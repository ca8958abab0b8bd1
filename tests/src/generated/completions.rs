//! Completions for shells.

use super::help::{Flag, other_names, sections};
use std::fmt::Write;

const MADE: &str = "# Generated from `sanderling --help` and the list of settings. Do not edit.\n";

fn flags() -> Vec<Flag> {
    let mut flags: Vec<Flag> = sections().into_iter().flat_map(|section| section.flags).collect();
    let other = |name| Flag { name, value: "value", text: "see CONFIG GET".to_owned(), default: None };
    flags.extend(other_names().into_iter().map(other));
    flags
}

/// For bash-completion's directory.
pub(super) fn bash() -> String {
    let names: Vec<String> = flags().iter().map(|flag| format!("--{}", flag.name)).collect();
    let mut cases = String::new();
    for flag in flags() {
        if let Some(words) = flag.words() {
            let words = words.join(" ");
            writeln!(
                cases,
                "    --{}) COMPREPLY=($(compgen -W '{words}' -- \"$word\")); return ;;",
                flag.name
            )
            .expect("a String takes everything");
        } else if flag.is_path() {
            writeln!(cases, "    --{}) compopt -o default; COMPREPLY=(); return ;;", flag.name)
                .expect("a String takes everything");
        }
    }
    format!(
        "{MADE}_sanderling() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
  COMPREPLY=()
  case $before in
{cases}  esac
  case $word in
    -*) COMPREPLY=($(compgen -W '{names} --help --version' -- \"$word\")) ;;
    *)
      if [ \"$COMP_CWORD\" = 1 ]; then
        COMPREPLY=($(compgen -f -W 'check ping' -- \"$word\"))
      elif [ \"${{COMP_WORDS[1]}}\" = check ]; then
        COMPREPLY=($(compgen -d -- \"$word\"))
      fi ;;
  esac
}}
complete -o filenames -F _sanderling sanderling
",
        names = names.join(" "),
    )
}

/// For a directory of zsh's `fpath`, as `_sanderling`.
pub(super) fn zsh() -> String {
    let mut lines = String::new();
    for flag in flags() {
        // What zsh would take as the end of the text.
        let text =
            flag.text.replace('\\', "\\\\").replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]");
        let action = match flag.words() {
            Some(words) => format!("({})", words.join(" ")),
            None if flag.is_path() => "_files".to_owned(),
            None => " ".to_owned(),
        };
        let value = flag.value.replace([':', '\''], " ").replace(['<', '>'], "");
        let text = if text.is_empty() { flag.value.to_owned() } else { text };
        writeln!(lines, "  '*--{}[{text}]:{}:{action}' \\", flag.name, value.replace('|', " or "))
            .expect("a String takes everything");
    }
    format!(
        "#compdef sanderling\n{MADE}
_arguments \\
{lines}  '(- *)--help[print the help]' \\
  '(- *)--version[print the version]' \\
  '1::configuration file, check or ping:_files' \\
  '*::argument:_files'
"
    )
}

/// For fish's directory of completions.
pub(super) fn fish() -> String {
    let mut text = MADE.to_owned();
    for flag in flags() {
        let description = flag.text.replace('\\', "\\\\").replace('\'', "\\'");
        let values = match flag.words() {
            Some(words) => format!(" -xa '{}'", words.join(" ")),
            None if flag.is_path() => " -r".to_owned(),
            None => " -x".to_owned(),
        };
        writeln!(text, "complete -c sanderling -l {}{values} -d '{description}'", flag.name)
            .expect("a String takes everything");
    }
    text.push_str("complete -c sanderling -l help -d 'print the help'\n");
    text.push_str("complete -c sanderling -l version -d 'print the version'\n");
    text.push_str("complete -c sanderling -n __fish_is_first_token -a check -d 'look whether files of data are whole'\n");
    text.push_str(
        "complete -c sanderling -n __fish_is_first_token -a ping -d 'ask whether a server answers'\n",
    );
    text
}
