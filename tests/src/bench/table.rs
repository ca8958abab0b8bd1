//! Markdown tables and numbers for people.

/// A Markdown table; the first row is its heading.
pub(super) fn markdown(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
        if index == 0 {
            // The first column names things, the others are numbers.
            text.push_str(&format!("|:--{}|\n", "|--:".repeat(row.len() - 1)));
        }
    }
    text
}

/// An integer with a comma between groups of three digits.
pub(super) fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value <= -0.5 { format!("-{text}") } else { text }
}

/// How often `value` holds `base`, and whether that is enough.
pub(super) fn ratio(value: f64, base: f64, target: Option<f64>) -> String {
    let ratio = value / base;
    if !ratio.is_finite() {
        return "-".to_owned();
    }
    match target {
        None => format!("{ratio:.2}×"),
        Some(target) => format!("{ratio:.2}× {}", verdict(ratio >= target)),
    }
}

/// A mark beside a figure that has a target.
pub(super) fn verdict(reached: bool) -> &'static str {
    if reached { "✓" } else { "✗" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        let rows = [["a", "b"], ["c", "1"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(markdown(&rows), "| a | b |\n|:--|--:|\n| c | 1 |\n");
    }

    #[test]
    fn numbers() {
        assert_eq!(grouped(0.0), "0");
        assert_eq!(grouped(999.6), "1,000");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(-1234.0), "-1,234");
        assert_eq!(grouped(f64::NAN), "-");
        assert_eq!(ratio(3.0, 2.0, None), "1.50×");
        assert_eq!(ratio(3.0, 2.0, Some(2.0)), "1.50× ✗");
        assert_eq!(ratio(3.0, 0.0, None), "-");
    }
}
