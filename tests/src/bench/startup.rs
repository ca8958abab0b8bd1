//! From making the process to its first reply.

use super::options::{Kind, Options};
use super::server::{Server, available};
use super::table::{markdown, verdict};
use super::{Result, median};

/// Starts are cheap, so there are more of them than of the other rounds.
const STARTS_MIN: usize = 21;
/// The wasm engine's target, as part of redis's time.
const TARGET: f64 = 0.4;

pub(super) fn measure(options: &Options) -> Result<String> {
    let kinds = available(options);
    let starts = options.rounds.max(STARTS_MIN);
    let mut milliseconds = vec![Vec::new(); kinds.len()];
    // The first start of the wasm engine on a machine compiles it; all later ones find that done.
    for start in 0..=starts {
        for (index, kind) in kinds.iter().enumerate() {
            let time = Server::start(*kind)?.started_in.as_secs_f64() * 1e3;
            if start > 0 {
                milliseconds[index].push(time);
            }
        }
    }
    let medians: Vec<f64> = milliseconds.iter().map(|times| median(times)).collect();
    let redis = kinds.iter().position(|kind| *kind == Kind::Redis).map_or(f64::NAN, |index| medians[index]);
    let mut rows = vec![["server", "median ms", "fastest ms", "vs redis"].map(str::to_owned).to_vec()];
    for (index, kind) in kinds.iter().enumerate() {
        let fastest = milliseconds[index].iter().copied().fold(f64::INFINITY, f64::min);
        let part = medians[index] / redis;
        let mark = if *kind == Kind::Wasm { format!(" {}", verdict(part <= TARGET)) } else { String::new() };
        let compared =
            if *kind == Kind::Redis || part.is_nan() { "-".to_owned() } else { format!("{part:.2}×{mark}") };
        let times = [format!("{:.1}", medians[index]), format!("{fastest:.1}"), compared];
        rows.push([kind.title().to_owned()].into_iter().chain(times).collect());
    }
    Ok(format!(
        "Second and later starts, {starts} of each, from making the process to its `+PONG` over TCP. Target for \
         wasm: at most {TARGET} of redis's time.\n\n{}",
        markdown(&rows)
    ))
}
