//! The manual page.

use super::help::{other_names, sections, unused_names};
use std::fmt::Write;

const BEFORE: &str = r#".\" Generated from `sanderling --help` and the list of settings. Do not edit.
.TH SANDERLING 1
.SH NAME
sanderling \- Redis-compatible key-value server whose engine runs inside a WebAssembly sandbox
.SH SYNOPSIS
.B sanderling
.RI [ /path/to/sanderling.conf " | " \- ]
.RI [ \-\-name " " value " ...] ..."
.br
.B sanderling check
.RB [ \-\-repair ]
.I DIR
.br
.B sanderling ping
.RI [ host:port " | " /path/of/socket ]
.SH DESCRIPTION
Sanderling speaks Redis's protocol, reads and writes Redis's files, and takes Redis's settings. Without arguments it
listens on 127.0.0.1:6379.
.PP
A configuration file has a setting on each line, its name before its values, in the syntax of redis.conf. Every setting
is also a flag, which counts more than the file. With
.B \-
the settings are read from standard input.
.PP
All mistakes are told at once, each with its place, and the server does not start. Settings of Redis and Valkey that
mean nothing here are taken with a warning.
.PP
.B sanderling check
tells whether the files of data in a directory are whole.
.B sanderling ping
asks a server for an answer, for health checks.
.SH OPTIONS
"#;

const AFTER: &str = r#".SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
Ends the server, after a dump where
.B save
has rules. A second one ends it at once.
.TP
.B SIGHUP
Loads certificates and keys of TLS anew. A log file that was renamed is opened anew with the next line.
.SH ENVIRONMENT
.TP
.B NOTIFY_SOCKET
Where systemd is told that the server is ready and that it stops, with
.B \-\-supervised
.BR systemd .
.TP
.BR XDG_CACHE_HOME ", " HOME
Below the first, or below
.I .cache
in the second, the engine is kept where it has to be compiled for the processor.
.SH EXIT STATUS
0 after an orderly end, 1 if the server cannot start or go on, or if
.B check
or
.B ping
find a fault.
.SH SEE ALSO
.BR redis\-cli (1),
.BR systemd.service (5)
"#;

/// The page, in section 1.
pub(super) fn man() -> String {
    let mut text = BEFORE.to_owned();
    for section in sections() {
        writeln!(text, ".SS {}", section.title).expect("a String takes everything");
        for flag in section.flags {
            let value = escaped(flag.value);
            writeln!(text, ".TP\n.BI \\-\\-{} \" {value}\"", escaped(flag.name))
                .expect("a String takes everything");
            let end =
                if flag.text.is_empty() { "See the documentation of Redis." } else { &sentence(&flag.text) };
            writeln!(text, "{}", line(end)).expect("a String takes everything");
            if let Some(default) = flag.default {
                writeln!(text, "Default: {}.", escaped(&default)).expect("a String takes everything");
            }
        }
    }
    text.push_str(
        ".SS Others\nThese have the meaning that they have for Redis; CONFIG GET tells their values.\n.PP\n",
    );
    names(&mut text, &other_names());
    text.push_str(".SS Settings without meaning here\nThese are taken with a warning.\n.PP\n");
    names(&mut text, &unused_names());
    text + AFTER
}

fn names(text: &mut String, names: &[&str]) {
    for (index, name) in names.iter().enumerate() {
        let end = if index + 1 == names.len() { "." } else { "," };
        writeln!(text, "{}{end}", escaped(name)).expect("a String takes everything");
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq")
}

/// A line that does not begin like a request of roff's.
fn line(text: &str) -> String {
    let text = escaped(text);
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
