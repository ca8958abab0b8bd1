//! Settings of how the process begins and ends.

use super::SettingError;

/// The values of `supervised`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Supervised {
    /// Nobody.
    #[default]
    No,
    /// systemd, which says in `NOTIFY_SOCKET` where it listens.
    Systemd,
    /// systemd if it says so.
    Auto,
}

/// How a signal ends the server; the values of `shutdown-on-sigterm` and `shutdown-on-sigint`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnSignal {
    /// Whether the data is dumped; if nothing is said, where `save` has rules.
    pub saves: Option<bool>,
    /// Whether it ends although the data could not be saved.
    pub is_forced: bool,
}

impl OnSignal {
    /// What the words of the setting ask for. `now` does not wait for replicas, of which there are none.
    pub(crate) fn parse(value: &str) -> Result<Self, SettingError> {
        const WORDS: &[&str] = &["default", "save", "nosave", "now", "force"];
        let mut parsed = Self::default();
        for word in value.split_whitespace() {
            match word.to_ascii_lowercase().as_str() {
                "save" => parsed.saves = Some(true),
                "nosave" => parsed.saves = Some(false),
                "force" => parsed.is_forced = true,
                "default" | "now" => {}
                _ => return Err(SettingError::NotOneOf(WORDS)),
            }
        }
        Ok(parsed)
    }
}
