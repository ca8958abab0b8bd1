//! Settings: the configuration file in Redis's syntax, and flags that override it.

use crate::engine::{EngineConfig, Kind};
use crate::limits::{OutputLimits, bytes};
use crate::log::{Format, Level};
use crate::storage::StorageSettings;
use crate::supervisor;
use crate::tls::TlsSettings;
use sanderling_core::Options;
use sanderling_core::config::{self, Setting};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

mod error;
mod http;
mod include;
mod life;
mod machine;
mod names;
mod words;

pub use error::{ConfigError, ConfigErrors, SettingError};
pub use http::{HttpSettings, Metrics};
pub use life::{OnSignal, Supervised};
pub use names::names;
pub(crate) use words::split_words;

/// Files that a configuration file may include, one inside the other.
const INCLUDE_DEPTH_MAX: usize = 16;
/// A smaller sandbox has no room for any data beside the engine.
const MEMORY_BYTES_MIN: u64 = 8 << 20;
/// What 32-bit addresses reach.
const MEMORY_BYTES_MAX: u64 = 4 << 30;
/// Longer pauses than ten milliseconds are a mistake of unit.
const GATHER_MICROS_MAX: u64 = 10_000;

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// Run a server.
    Serve(Box<Settings>),
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
}

/// All settings of a server: those that the host acts on, and text with those that the engine does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// TCP port; 0 is no TCP.
    pub port: u16,
    /// Addresses to listen on; `-` in front of one says that it may be missing on this machine.
    pub bind: Vec<String>,
    /// Path of the Unix socket.
    pub unix_socket: Option<PathBuf>,
    /// Mode of the Unix socket's file; 0 leaves it to the umask.
    pub unix_socket_mode: u32,
    /// Connections that the kernel may queue before they are accepted.
    pub tcp_backlog: u32,
    /// Seconds of silence before the kernel probes a peer; 0 is never.
    pub tcp_keepalive_seconds: u32,
    /// Longest pause before waiting, in microseconds, in which requests of many busy clients gather.
    pub gather_micros_max: u64,
    /// Whether a password guards the server.
    pub has_password: bool,
    /// Refuse peers from other machines while there is no password.
    pub protected_mode: bool,
    /// How many clients the engine admits; the host needs as many file descriptors.
    pub clients_max: u32,
    /// Limits on unsent replies.
    pub output_limits: OutputLimits,
    /// Least important events that are logged.
    pub log_level: Level,
    /// How log lines look.
    pub log_format: Format,
    /// File that the log is appended to, instead of standard output.
    pub log_file: Option<PathBuf>,
    /// Directory to work in.
    pub dir: Option<PathBuf>,
    /// File that holds the process id while the server runs.
    pub pid_file: Option<PathBuf>,
    /// The file that the settings came from, as an absolute path.
    pub config_file: Option<PathBuf>,
    /// The file with the users, as an absolute path.
    pub acl_file: Option<PathBuf>,
    /// What is kept in files.
    pub storage: StorageSettings,
    /// What TLS is spoken with.
    pub tls: TlsSettings,
    /// What is served over HTTP.
    pub http: HttpSettings,
    /// How the engine runs.
    pub engine: EngineConfig,
    /// Whether to leave the terminal and go on in the background.
    pub daemonize: bool,
    /// Who has started the server and wants to be told how it is.
    pub supervised: Supervised,
    /// How SIGINT ends the server.
    pub on_sigint: OnSignal,
    /// How SIGTERM does.
    pub on_sigterm: OnSignal,
    /// What the settings ask for and does not happen, a line for each.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Whether the server leaves its terminal. One that is supervised stays with whom it belongs to.
    pub fn goes_to_background(&self) -> bool {
        self.daemonize && !supervisor::is_there(self.supervised)
    }

    /// Settings that the engine knows nothing of, with their values and defaults.
    pub(crate) fn own(&self) -> Vec<(&'static str, String, String)> {
        let default = Self::default();
        vec![
            ("gather-micros-max", self.gather_micros_max.to_string(), default.gather_micros_max.to_string()),
            ("log-format", self.log_format.name().to_owned(), default.log_format.name().to_owned()),
            (
                "memory-bytes-max",
                self.engine.memory_bytes_max.to_string(),
                default.engine.memory_bytes_max.to_string(),
            ),
        ]
    }

    /// What the engine shows of these settings, in CONFIG GET and INFO.
    pub(crate) fn shown(&self) -> Vec<(String, String)> {
        let socket = self.unix_socket.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let protected = if self.protected_mode { "yes" } else { "no" };
        let path =
            |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        [
            ("bind", self.bind.join(" ")),
            ("dir", working_dir(self.dir.as_deref())),
            ("client-output-buffer-limit", self.output_limits.to_string()),
            ("engine", self.engine.kind.to_string()),
            ("executable", machine::executable()),
            ("os", machine::os()),
            ("arch-bits", usize::BITS.to_string()),
            ("logfile", path(&self.log_file)),
            ("pidfile", path(&self.pid_file)),
            ("loglevel", self.log_level.name().to_owned()),
            ("port", self.port.to_string()),
            ("process-id", std::process::id().to_string()),
            ("protected-mode", protected.to_owned()),
            ("tcp-backlog", self.tcp_backlog.to_string()),
            ("tcp-keepalive", self.tcp_keepalive_seconds.to_string()),
            ("unixsocket", socket),
            ("unixsocketperm", format!("{:o}", self.unix_socket_mode)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 6379,
            bind: vec!["127.0.0.1".to_owned(), "-::1".to_owned()],
            unix_socket: None,
            unix_socket_mode: 0,
            tcp_backlog: 511,
            tcp_keepalive_seconds: 300,
            gather_micros_max: 100,
            has_password: false,
            protected_mode: true,
            clients_max: 10_000,
            output_limits: OutputLimits::default(),
            log_level: Level::Notice,
            log_format: Format::Text,
            log_file: None,
            dir: None,
            pid_file: None,
            config_file: None,
            acl_file: None,
            storage: StorageSettings::default(),
            tls: TlsSettings::default(),
            http: HttpSettings::default(),
            engine: EngineConfig {
                kind: Kind::Wasm,
                options: String::new(),
                memory_bytes_max: MEMORY_BYTES_MAX,
                cache_dir: default_cache_dir(),
                compiles: false,
            },
            daemonize: false,
            supervised: Supervised::No,
            on_sigint: OnSignal::default(),
            on_sigterm: OnSignal::default(),
            warnings: Vec::new(),
        }
    }
}

/// Text of `--help`.
pub const HELP: &str = include_str!("help.txt");

/// Reads the command line, without the program's name, and the files that it may name. All that is wrong is told at
/// once.
pub fn parse(arguments: &[String]) -> Result<Invocation, ConfigErrors> {
    for (index, word) in arguments.iter().enumerate() {
        match (index, word.as_str()) {
            // A value may begin with one dash, but not with two.
            (0, "-h") | (_, "--help") => return Ok(Invocation::Help),
            (0, "-v") | (_, "--version") => return Ok(Invocation::Version),
            _ => {}
        }
    }
    let mut parser = Parser::new();
    let mut flags = arguments;
    if let Some((path, rest)) = flags.split_first()
        && path != "-"
        && !path.starts_with("--")
    {
        parser.file(Path::new(path), 0);
        parser.settings.config_file = Some(absolute(Path::new(path)));
        flags = rest;
    }
    // Redis takes the dash as the last word, and who reads the help puts it where the file's name would be.
    let without_dash = match flags {
        [dash, rest @ ..] if dash == "-" => Some(rest),
        [rest @ .., dash] if dash == "-" => Some(rest),
        _ => None,
    };
    if let Some(rest) = without_dash {
        parser.standard_input();
        flags = rest;
    }
    parser.flags(flags);
    parser.finish().map(|settings| Invocation::Serve(Box::new(settings)))
}

/// Whether a server could start with this text as its configuration file.
pub(crate) fn check(text: &str) -> Result<(), ConfigErrors> {
    let mut parser = Parser::new();
    parser.text(text, "the new configuration file", 0);
    parser.finish().map(|_| ())
}

struct Parser {
    settings: Settings,
    errors: Vec<ConfigError>,
    /// How many of the users come from an ACL file.
    acl_file_users: usize,
    /// Settings for the engine; a later one of the same name replaces an earlier one, but for those of [`LISTED`].
    options: Vec<(String, String)>,
}

/// Settings that may stand there many times, each time about something else.
const LISTED: [&str; 2] = ["user", "rename-command"];

impl Parser {
    fn new() -> Self {
        Self { settings: Settings::default(), errors: Vec::new(), acl_file_users: 0, options: Vec::new() }
    }

    fn file(&mut self, path: &Path, depth: usize) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.text(&text, &path.display().to_string(), depth),
            Err(error) => self.errors.push(ConfigError::File { path: path.to_owned(), error }),
        }
    }

    fn standard_input(&mut self) {
        let mut text = String::new();
        match std::io::stdin().read_to_string(&mut text) {
            Ok(_) => self.text(&text, "standard input", 0),
            Err(error) => self.errors.push(ConfigError::StandardInput(error)),
        }
    }

    fn text(&mut self, text: &str, origin: &str, depth: usize) {
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let words = split_words(line);
            let taken = words.and_then(|words| match words.split_first() {
                Some((name, values)) => self.directive(name, values, depth),
                None => Ok(None),
            });
            match taken {
                Ok(None) => {}
                Ok(Some(warning)) => {
                    self.settings.warnings.push(format!("{origin}, line {}: {warning}", number + 1));
                }
                Err(error) => {
                    let (origin, line) = (origin.to_owned(), line.to_owned());
                    self.errors.push(ConfigError::Line { origin, number: number + 1, line, error });
                }
            }
        }
    }

    /// `--name value ...` or `--name=value`; a value reaches to the next word that begins with `--`. As with Redis, a
    /// word may also hold a name with its values.
    fn flags(&mut self, arguments: &[String]) {
        let mut rest = arguments;
        while let Some((flag, after)) = rest.split_first() {
            rest = after;
            let name = match flag.as_str() {
                "-h" | "-v" => {
                    self.errors.push(ConfigError::OnlyAlone(flag.clone()));
                    continue;
                }
                flag => flag.strip_prefix("--").filter(|name| !name.is_empty()),
            };
            let Some(name) = name else {
                self.errors.push(ConfigError::NotAFlag(flag.clone()));
                continue;
            };
            let count = after.iter().take_while(|word| !word.starts_with("--")).count();
            let (values, next) = after.split_at(count);
            rest = next;
            let taken = flag_words(name).and_then(|mut words| {
                let name = words.remove(0);
                words.extend_from_slice(values);
                self.directive(&name, &words, 0)
            });
            match taken {
                Ok(None) => {}
                Ok(Some(warning)) => self.settings.warnings.push(format!("{flag}: {warning}")),
                Err(error) => self.errors.push(ConfigError::Flag { flag: flag.clone(), error }),
            }
        }
    }

    /// Takes one setting, or the files to be included; gives what must be told about it.
    fn directive(
        &mut self,
        name: &str,
        values: &[String],
        depth: usize,
    ) -> Result<Option<String>, SettingError> {
        if !name.eq_ignore_ascii_case("include") {
            return self.set(name, values);
        }
        if values.is_empty() {
            return Err(SettingError::NoValue);
        }
        if depth == INCLUDE_DEPTH_MAX {
            return Err(SettingError::IncludedTooDeep);
        }
        for path in values.iter().flat_map(|pattern| include::files(pattern)) {
            self.file(&path, depth + 1);
        }
        Ok(None)
    }

    fn set(&mut self, name: &str, values: &[String]) -> Result<Option<String>, SettingError> {
        let name = name.to_ascii_lowercase();
        let setting = config::find(&name);
        let name = setting.map_or(name, |setting| setting.name.to_owned());
        // Redis takes `--save` alone as it takes an empty value.
        if values.is_empty() && name != "save" {
            return Err(SettingError::NoValue);
        }
        let value = values.join(" ");
        if value.contains(['\n', '\r']) {
            return Err(SettingError::LineBreak);
        }
        if let Some(refused) = refused(&name, &value) {
            return refused;
        }
        if name == "aclfile" {
            return self.acl_file(Path::new(&value)).map(|()| None);
        }
        if name == "rename-command" && values.len() != 2 {
            return Err(SettingError::WrongNumberOfWords);
        }
        let value = if name == "save" { self.save_rules(value) } else { value };
        let host = self.set_host(&name, values, &value)?;
        // The engine also answers CONFIG GET for what the host acts on, as far as it knows the name.
        let mut options = storing_options();
        match options.set(&name, &value) {
            Ok(()) => {
                let warning = setting.and_then(|setting| warning(setting, &options));
                self.options.retain(|(other, _)| *other != name || LISTED.contains(&other.as_str()));
                self.options.push((name, value));
                Ok(warning)
            }
            Err(_) if host && setting.is_none() => Ok(None),
            Err(_) if setting.is_none() && !LISTED.contains(&name.as_str()) => {
                Err(SettingError::Unknown { similar: names::similar(&name) })
            }
            Err(error) => Err(SettingError::Engine(error.0)),
        }
    }

    /// The rules of all lines `save` so far; the first one replaces the default, and an empty one those before it.
    fn save_rules(&self, added: String) -> String {
        let before = self.options.iter().find(|(name, _)| name == "save").map_or("", |(_, value)| value);
        let added = if added == "\"\"" { "" } else { added.trim() };
        if before.is_empty() || added.is_empty() { added.to_owned() } else { format!("{before} {added}") }
    }

    /// What is wrong with settings that are good on their own.
    fn check_together(&mut self) {
        // Users stand in one place, so that ACL SAVE and ACL LOAD are about all of them.
        let users = self.options.iter().filter(|(name, _)| name == "user").count();
        if self.settings.acl_file.is_some() && users > self.acl_file_users {
            self.errors.push(ConfigError::UsersTwice);
        }
        let mut options = storing_options();
        for (name, value) in self.options.iter().filter(|(name, _)| LISTED.contains(&name.as_str())) {
            if let Err(error) = options.set(name, value) {
                self.errors.push(ConfigError::Together(format!("'{name} {value}'"), error.0));
            }
        }
    }

    /// Each line of an ACL file is a `user` setting. The engine never sees the file itself.
    fn acl_file(&mut self, path: &Path) -> Result<(), SettingError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| SettingError::AclFile { path: path.to_owned(), error: error.to_string() })?;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let at = |error| SettingError::AclLine { path: path.to_owned(), number: number + 1, error };
            let rules = line.strip_prefix("user ").ok_or_else(|| at(None))?;
            self.set("user", &[rules.to_owned()]).map_err(|error| at(Some(Box::new(error))))?;
            self.acl_file_users += 1;
        }
        self.settings.acl_file = Some(absolute(path));
        self.options.retain(|(name, _)| name != "aclfile");
        self.options.push(("aclfile".to_owned(), path.display().to_string()));
        Ok(())
    }

    /// Whether the host knows the setting.
    fn set_host(&mut self, name: &str, values: &[String], value: &str) -> Result<bool, SettingError> {
        let settings = &mut self.settings;
        match name {
            "port" => settings.port = number(value)?,
            "bind" => {
                settings.bind =
                    values.iter().flat_map(|value| value.split_whitespace()).map(str::to_owned).collect()
            }
            "unixsocket" => settings.unix_socket = path(value),
            "unixsocketperm" => {
                let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o777);
                settings.unix_socket_mode = mode.ok_or(SettingError::NotAMode)?;
            }
            "tcp-backlog" => settings.tcp_backlog = number(value)?,
            "tcp-keepalive" => settings.tcp_keepalive_seconds = number(value)?,
            "gather-micros-max" => {
                let micros = number(value)?;
                if micros > GATHER_MICROS_MAX {
                    return Err(out_of_range("0", GATHER_MICROS_MAX));
                }
                settings.gather_micros_max = micros;
            }
            "protected-mode" => settings.protected_mode = yes_or_no(value)?,
            "maxclients" => settings.clients_max = number(value)?,
            "client-output-buffer-limit" => settings.output_limits.update(value)?,
            "loglevel" => settings.log_level = log_level(value)?,
            "log-format" => {
                // Valkey's name for its own text.
                let value = if value == "legacy" { "text" } else { value };
                settings.log_format = Format::named(value).ok_or(SettingError::NotOneOf(Format::NAMES))?;
            }
            "logfile" => settings.log_file = path(value),
            "dir" => settings.dir = path(value),
            "pidfile" => settings.pid_file = path(value),
            "engine" => {
                settings.engine.kind = match value {
                    "wasm" => Kind::Wasm,
                    "native" => Kind::Native,
                    _ => return Err(SettingError::NotOneOf(&["wasm", "native"])),
                };
            }
            "compile-engine" => settings.engine.compiles = yes_or_no(value)?,
            "cache-dir" => settings.engine.cache_dir = path(value).map(|path| path.join("sanderling")),
            "memory-bytes-max" => {
                let cap = bytes(value)? as u64;
                if !(MEMORY_BYTES_MIN..=MEMORY_BYTES_MAX).contains(&cap) {
                    return Err(out_of_range("8mb", "4gb"));
                }
                settings.engine.memory_bytes_max = cap;
            }
            "shutdown-on-sigint" => settings.on_sigint = OnSignal::parse(value)?,
            "shutdown-on-sigterm" => settings.on_sigterm = OnSignal::parse(value)?,
            "daemonize" => settings.daemonize = yes_or_no(value)?,
            "supervised" => {
                settings.supervised = match value.to_ascii_lowercase().as_str() {
                    "systemd" => Supervised::Systemd,
                    "auto" => Supervised::Auto,
                    "no" | "upstart" => Supervised::No,
                    _ => return Err(SettingError::NotOneOf(&["no", "systemd", "upstart", "auto"])),
                };
            }
            _ => {
                return Ok(settings.tls.set(name, value)?
                    || settings.http.set(name, value)?
                    || settings.storage.set(name, value)?);
            }
        }
        Ok(true)
    }

    /// Whether the default user needs a password. A line of theirs counts more than `requirepass`, as in the engine.
    fn has_password(&self) -> bool {
        let mut has_password = false;
        for (name, value) in &self.options {
            has_password |= name == "requirepass" && !value.is_empty();
        }
        for (_, rules) in self.options.iter().filter(|(name, _)| name == "user") {
            // The rules of a user's line begin with nothing allowed, so that only `nopass` needs no password.
            let mut words = rules.split_ascii_whitespace();
            if words.next() == Some("default") {
                has_password = !words.any(|word| word.eq_ignore_ascii_case("nopass"));
            }
        }
        has_password
    }

    fn finish(mut self) -> Result<Settings, ConfigErrors> {
        self.check_together();
        if !self.errors.is_empty() {
            return Err(ConfigErrors(self.errors));
        }
        self.settings.has_password = self.has_password();
        if let Some(path) = &self.settings.config_file {
            self.options.push(("config-file".to_owned(), path.display().to_string()));
        }
        // It comes first, since other settings need it.
        let storing = [("storage".to_owned(), "yes".to_owned())];
        let effects = [("effects".to_owned(), yes_text(self.settings.storage.has_log))];
        for (name, value) in storing.iter().chain(&effects).chain(&self.settings.shown()).chain(&self.options)
        {
            self.settings.engine.options.push_str(&format!("{name} {value}\n"));
        }
        Ok(self.settings)
    }
}

/// A flag without its dashes: a name, or with values behind a space or an equals sign.
fn flag_words(flag: &str) -> Result<Vec<String>, SettingError> {
    match flag.split_once('=') {
        Some((name, value)) if !name.contains(char::is_whitespace) => {
            Ok(vec![name.to_owned(), value.to_owned()])
        }
        _ if flag.contains(char::is_whitespace) => split_words(flag),
        _ => Ok(vec![flag.to_owned()]),
    }
}

/// Settings whose other values ask for what nobody should believe to have, or for what makes no difference; their usual
/// values are what is so anyway.
fn refused(name: &str, value: &str) -> Option<Result<Option<String>, SettingError>> {
    let is = |usual: &str| value.eq_ignore_ascii_case(usual);
    let told = |why: &str| Some(Ok(Some(format!("{name} {value} means nothing here: {why}"))));
    let why = match name {
        "replicaof" if is("no one") => return Some(Ok(None)),
        "sanitize-dump-payload" if is("no") || is("clients") => return told("payloads are always checked"),
        "replicaof" if !is("") => "replication: this server cannot follow another",
        "cluster-enabled" if !is("no") => "cluster",
        "min-replicas-to-write" if !is("0") => "replicas, and all writes would be refused",
        "loadmodule" => "modules",
        "sentinel" => "Sentinel",
        _ => return None,
    };
    Some(Err(SettingError::NotThere(why)))
}

/// What must be told about a setting that was taken.
fn warning(setting: &Setting, options: &Options) -> Option<String> {
    let name = setting.name;
    let value = (setting.read)(&options.config, name);
    let why = match config::unused(name) {
        Some(unused) if !unused.holds(&value) => unused.why,
        None if name == "supervised" && value == "upstart" => "Upstart is not told anything",
        _ => return None,
    };
    Some(format!("{name} means nothing here: {why}"))
}

/// The directory to work in, as an absolute path.
fn working_dir(dir: Option<&Path>) -> String {
    let current = std::env::current_dir().unwrap_or_default();
    let dir = dir.map_or(current.clone(), |dir| current.join(dir));
    dir.canonicalize().unwrap_or(dir).display().to_string()
}

/// Options of an engine whose data the server keeps in files.
pub(crate) fn storing_options() -> Options {
    let mut options = Options::default();
    options.set("storage", "yes").expect("it is a setting, and yes is one of its values");
    options
}

fn yes_text(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

/// `yes` or `no`, in any case.
pub fn yes_or_no(value: &str) -> Result<bool, SettingError> {
    match value.to_ascii_lowercase().as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(SettingError::NotYesOrNo),
    }
}

/// The level of that name, for the log.
pub(crate) fn log_level(value: &str) -> Result<Level, SettingError> {
    Level::named(value).ok_or(SettingError::NotOneOf(Level::NAMES))
}

/// A number of a type that has as many values as the setting.
pub(crate) fn number<T: FromStr>(value: &str) -> Result<T, SettingError> {
    value.parse().map_err(|_| SettingError::NotANumber(value.to_owned()))
}

fn out_of_range(min: impl ToString, max: impl ToString) -> SettingError {
    SettingError::OutOfRange { min: min.to_string(), max: max.to_string() }
}

/// The path as it is now, whichever directory the server will work in.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn path(value: &str) -> Option<PathBuf> {
    (!value.is_empty()).then(|| PathBuf::from(value))
}

fn default_cache_dir() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
    Some(cache.join("sanderling"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[&str]) -> Result<Settings, String> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        match parse(&arguments) {
            Ok(Invocation::Serve(settings)) => Ok(*settings),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    fn from_text(text: &str) -> Result<Settings, String> {
        let mut parser = Parser::new();
        parser.text(text, "test", 0);
        parser.finish().map_err(|errors| errors.to_string())
    }

    #[test]
    fn every_user_has_a_line() {
        let settings =
            from_text("user alice on >a +@all ~*\nuser bob off\nuser default on nopass ~* +@all").unwrap();
        let lines: Vec<_> =
            settings.engine.options.lines().filter(|line| line.starts_with("user ")).collect();
        assert_eq!(lines, ["user alice on >a +@all ~*", "user bob off", "user default on nopass ~* +@all"]);
        assert!(!settings.has_password);
        assert!(from_text("user default on >a").unwrap().has_password);
        assert!(!from_text("user default on nopass\nrequirepass a").unwrap().has_password);
        assert!(from_text("requirepass a\nuser bob on nopass").unwrap().has_password);
        assert!(from_text("user alice +nosuch").unwrap_err().contains("Unknown command"));
        assert!(from_text("aclfile /nowhere/users.acl").unwrap_err().contains("cannot open"));
    }

    #[test]
    fn flags_set_what_they_name() {
        let settings = settings(&[
            "--port",
            "7777",
            "--bind",
            "127.0.0.1",
            "::1",
            "--protected-mode=no",
            "--engine",
            "native",
            "--unixsocketperm",
            "770",
            "--loglevel",
            "warning",
            "--memory-bytes-max",
            "64mb",
            "--requirepass",
            "x",
            "--gather-micros-max",
            "0",
        ])
        .unwrap();
        assert_eq!(settings.port, 7777);
        assert_eq!(settings.bind, ["127.0.0.1", "::1"]);
        assert!(!settings.protected_mode && settings.has_password);
        assert_eq!(settings.engine.kind, Kind::Native);
        assert_eq!(settings.unix_socket_mode, 0o770);
        assert_eq!(settings.log_level, Level::Warning);
        assert_eq!(settings.engine.memory_bytes_max, 64 << 20);
        assert_eq!(settings.gather_micros_max, 0);
    }

    #[test]
    fn mistakes_name_what_is_wrong() {
        for (arguments, message) in [
            (&["--port", "seven"][..], "'--port': 'seven' is not a number in range"),
            (&["--port"], "'--port': needs a value"),
            (&["--port", "70000"], "'--port': '70000' is not a number in range"),
            (&["--engine", "jvm"], "'--engine': must be wasm or native"),
            (&["--gather-micros-max", "10001"], "'--gather-micros-max': must be between 0 and 10000"),
            (&["--memory-bytes-max", "7mb"], "'--memory-bytes-max': must be between 8mb and 4gb"),
            (&["--port", "1", "-v"], "'--port': '1 -v' is not a number in range"),
            (
                &["/nowhere/x.conf"],
                "cannot open the configuration file /nowhere/x.conf: No such file or directory (os error 2)",
            ),
            (
                &["--replicaof", "a", "1"],
                "'--replicaof': there is no replication: this server cannot follow another",
            ),
            (&["--tls-auth-clients", "maybe"], "'--tls-auth-clients': must be one of no, yes, optional"),
            (&["--rename-command", "get"], "'--rename-command': wrong number of arguments"),
            (&["--max-memory", "1gb"], "'--max-memory': there is no such setting; did you mean maxmemory?"),
            (
                &["--slave-read-onyl", "no"],
                "'--slave-read-onyl': there is no such setting; did you mean slave-read-only?",
            ),
            (&["--blue", "no"], "'--blue': there is no such setting"),
        ] {
            assert_eq!(settings(arguments).unwrap_err(), message);
        }
    }

    #[test]
    fn mistakes_can_be_told_apart() {
        let parsed = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            parse(&words).expect_err("it is a mistake").0.remove(0)
        };
        assert!(matches!(
            parsed(&["--maxclients", "many"]),
            ConfigError::Flag { flag, error: SettingError::NotANumber(value) } if flag == "--maxclients" && value == "many"
        ));
        assert!(matches!(parsed(&["/nowhere/x.conf"]), ConfigError::File { error, .. }
            if error.kind() == std::io::ErrorKind::NotFound));
        assert!(matches!(parsed(&["--port", "1", "-v", "--", "x"]), ConfigError::Flag { .. }));
        assert!(matches!(parsed(&["--"]), ConfigError::NotAFlag(_)));
        let line = |text: &str| {
            let mut parser = Parser::new();
            parser.text(text, "test", 0);
            parser.errors.remove(0)
        };
        for (text, expected) in [
            ("log-format xml", SettingError::NotOneOf(Format::NAMES)),
            ("loglevel 'debug'x", SettingError::NoSpaceAfterQuote),
            ("client-output-buffer-limit normal 1 2", SettingError::WrongNumberOfWords),
            (
                "client-output-buffer-limit normal 99999999999gb 0 0",
                SettingError::TooManyBytes("99999999999gb".to_owned()),
            ),
            ("memory-bytes-max all", SettingError::NotBytes("all".to_owned())),
        ] {
            match line(&format!("port 1\n{text}")) {
                ConfigError::Line { number: 2, error, .. } => assert_eq!(error, expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(
            line("loglevel loud").to_string(),
            "test, line 1: 'loglevel loud': must be one of debug, verbose, notice, warning"
        );
    }

    #[test]
    fn files_have_redis_syntax() {
        let settings = from_text(
            "# a comment\n\n  PORT 7000\nbind * -::*\nunixsocket \"/tmp/a b\\x41.sock\"\nlogfile ''\n\
             maxclients 10\nmaxclients 20\n",
        )
        .unwrap();
        assert_eq!(settings.port, 7000);
        assert_eq!(settings.bind, ["*", "-::*"]);
        assert_eq!(settings.unix_socket, Some(PathBuf::from("/tmp/a bA.sock")));
        assert_eq!(settings.log_file, None);
        assert_eq!(settings.clients_max, 20);
        assert_eq!(settings.engine.options.matches("maxclients").count(), 1);
        assert_eq!(from_text("port 1\nport \"2").unwrap_err(), "test, line 2: 'port \"2': unbalanced quotes");
    }
}
