//! Short numbers for ticks and legends.

/// A number in at most four digits, without zeros at the end: `0.3`, `12.35`, `1.5e-7`.
pub fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    if !x.is_finite() {
        return x.to_string();
    }
    let size = x.abs().log10().floor();
    if (-4.0..5.0).contains(&size) {
        let decimals = (3.0 - size).max(0.0) as usize;
        return trimmed(&format!("{x:.decimals$}"));
    }
    let text = format!("{x:.3e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{power}", trimmed(digits))
}

fn trimmed(digits: &str) -> String {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.').into()
    } else {
        digits.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.300_000_000_000_000_04, 12.345_67, -1.5e-7, 0.0, 100.0, 123_456.0, 99_999.0, 0.000_25]
            .map(short);
        assert_eq!(shown, ["0.3", "12.35", "-1.5e-7", "0", "100", "1.235e5", "99999", "0.00025"]);
        assert_eq!(short(f64::INFINITY), "inf");
    }
}
