//! What is wrong with settings.

use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};

/// All that is wrong, a line for each.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

/// A setting that cannot be used, and where it stands.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// Standard input cannot be read.
    StandardInput(io::Error),
    /// A configuration file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A line of a configuration file.
    Line {
        /// The file, or what stands for it.
        origin: String,
        /// Number of the line, from 1 on.
        number: usize,
        /// The line.
        line: String,
        /// What is wrong with it.
        error: SettingError,
    },
    /// A flag of the command line.
    Flag {
        /// The flag with its dashes.
        flag: String,
        /// What is wrong with its value.
        error: SettingError,
    },
    /// A word of the command line that should be a flag.
    NotAFlag(String),
    /// A short flag among others.
    OnlyAlone(String),
    /// Users stand in an ACL file and beside it.
    UsersTwice,
    /// A setting that others rule out, and why.
    Together(String, String),
}

/// Why a setting cannot have a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// It has none.
    NoValue,
    /// It has several lines.
    LineBreak,
    /// A quote is not closed.
    UnbalancedQuotes,
    /// A word goes on behind its closing quote.
    NoSpaceAfterQuote,
    /// Escapes make bytes that are no text.
    NotUtf8,
    /// Files include one another, deeper than is sensible.
    IncludedTooDeep,
    /// It is not a number, or not one that the setting can have.
    NotANumber(String),
    /// It is not a number of bytes with a unit.
    NotBytes(String),
    /// It is a number of bytes that no memory has.
    TooManyBytes(String),
    /// It is below the least or above the greatest value.
    OutOfRange {
        /// The least.
        min: String,
        /// The greatest.
        max: String,
    },
    /// It is none of these words.
    NotOneOf(&'static [&'static str]),
    /// It is neither `yes` nor `no`.
    NotYesOrNo,
    /// It is not the mode of a file.
    NotAMode,
    /// Limits are groups of four words.
    WrongNumberOfWords,
    /// The seconds of a limit are no number.
    NotSeconds,
    /// Limits are for classes of clients, of which this is none.
    UnknownClass(String),
    /// No setting has this name.
    Unknown {
        /// A setting with a name much like it.
        similar: Option<String>,
    },
    /// It asks for something that does not exist here.
    NotThere(&'static str),
    /// The engine refuses it, in its own words.
    Engine(String),
    /// The ACL file cannot be read.
    AclFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: String,
    },
    /// A line of the ACL file.
    AclLine {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1 on.
        number: usize,
        /// What is wrong with the user; `None` if it is about none.
        error: Option<Box<SettingError>>,
    },
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let line_break = if index > 0 { "\n" } else { "" };
            write!(f, "{line_break}{error}")?;
        }
        Ok(())
    }
}

impl Error for ConfigErrors {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::StandardInput(error) => write!(f, "cannot read standard input: {error}"),
            ConfigError::File { path, error } => {
                write!(f, "cannot open the configuration file {}: {error}", path.display())
            }
            ConfigError::Line { origin, number, line, error } => {
                write!(f, "{origin}, line {number}: '{line}': {error}")
            }
            ConfigError::Flag { flag, error } => write!(f, "'{flag}': {error}"),
            ConfigError::NotAFlag(word) => write!(f, "'{word}' is not a flag; see sanderling --help"),
            ConfigError::OnlyAlone(flag) => write!(f, "'{flag}' only works on its own"),
            ConfigError::Together(setting, why) => write!(f, "{setting}: {why}"),
            ConfigError::UsersTwice => {
                f.write_str("users are defined in an ACL file and by `user` settings; use one or the other")
            }
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingError::NoValue => f.write_str("needs a value"),
            SettingError::LineBreak => f.write_str("a value has no line breaks"),
            SettingError::UnbalancedQuotes => f.write_str("unbalanced quotes"),
            SettingError::NoSpaceAfterQuote => f.write_str("a closing quote must be followed by a space"),
            SettingError::NotUtf8 => f.write_str("a value must be UTF-8"),
            SettingError::IncludedTooDeep => f.write_str("too many files include one another"),
            SettingError::NotANumber(value) => write!(f, "'{value}' is not a number in range"),
            SettingError::NotBytes(value) => write!(f, "{value} is not a number of bytes"),
            SettingError::TooManyBytes(value) => write!(f, "{value} is too large"),
            SettingError::OutOfRange { min, max } => write!(f, "must be between {min} and {max}"),
            SettingError::NotOneOf([one, other]) => write!(f, "must be {one} or {other}"),
            SettingError::NotOneOf(words) => write!(f, "must be one of {}", words.join(", ")),
            SettingError::NotYesOrNo => f.write_str("argument must be 'yes' or 'no'"),
            SettingError::NotAMode => f.write_str("must be an octal mode up to 777"),
            SettingError::WrongNumberOfWords => f.write_str("wrong number of arguments"),
            SettingError::NotSeconds => f.write_str("invalid number of seconds"),
            SettingError::UnknownClass(class) => write!(f, "unknown client class {class}"),
            SettingError::Unknown { similar: None } => f.write_str("there is no such setting"),
            SettingError::Unknown { similar: Some(name) } => {
                write!(f, "there is no such setting; did you mean {name}?")
            }
            SettingError::NotThere(what) => write!(f, "there is no {what}"),
            SettingError::Engine(text) => f.write_str(text),
            SettingError::AclFile { path, error } => write!(f, "cannot open {}: {error}", path.display()),
            SettingError::AclLine { path, number, error: Some(error) } => {
                write!(f, "{}, line {number}: {error}", path.display())
            }
            SettingError::AclLine { path, number, error: None } => {
                write!(f, "{}, line {number}: should start with user keyword", path.display())
            }
        }
    }
}

impl Error for ConfigError {}

impl Error for SettingError {}
