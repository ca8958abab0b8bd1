//! Makes a failing run short (delta debugging, Zeller and Hildebrandt 2002).

/// Removes from `steps` all that `fails` does not need; `fails` runs a candidate and is asked at most
/// `tries_max` times. Returns `None` when even the whole does not fail again.
pub(super) fn minimise<T: Clone>(
    steps: &[T],
    tries_max: usize,
    mut fails: impl FnMut(&[T]) -> bool,
) -> Option<Vec<T>> {
    let mut tries = tries_max;
    let mut ask = |candidate: &[T]| {
        tries = tries.checked_sub(1)?;
        Some(fails(candidate))
    };
    // Most failures need little of what came before.
    let mut steps = [8, 64, 512, 4096, usize::MAX]
        .iter()
        .map(|&len| &steps[steps.len().saturating_sub(len)..])
        .find(|tail| ask(tail) == Some(true))?
        .to_vec();
    let mut chunk = steps.len() / 2;
    while chunk > 0 {
        let mut from = 0;
        let mut removed = false;
        while from < steps.len() {
            let to = (from + chunk).min(steps.len());
            let candidate = [&steps[..from], &steps[to..]].concat();
            match ask(&candidate) {
                Some(true) => {
                    steps = candidate;
                    removed = true;
                }
                Some(false) => from = to,
                None => return Some(steps),
            }
        }
        // At the finest grain, what one removal made useless is looked at again.
        chunk = if removed && chunk == 1 { 1 } else { chunk / 2 };
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_only_what_is_needed() {
        let steps: Vec<u32> = (0..1000).collect();
        let needed = [3, 500, 998];
        let short = minimise(&steps, 10_000, |candidate| needed.iter().all(|one| candidate.contains(one)));
        assert_eq!(short, Some(needed.to_vec()));
        assert_eq!(minimise(&steps, 10_000, |_| false), None);
    }
}
