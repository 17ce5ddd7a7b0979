//! One parameter and its values: `lambda=0.1:0.9:17`, `kappa=1e-3:1:7:log`, `N=2,3,4`,
//! `engine.kind=exact,cumulant`.

use std::collections::HashSet;

use superladder_model::nearest;

use super::AxisFault;

/// More values than this on one axis, or on all together, are surely a slip.
pub(super) const MOST: usize = 1_000_000;

/// One value on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// As it goes into the study and into tables.
    pub text: String,
    /// The number that it is, unless it is a word.
    pub number: Option<f64>,
}

impl Value {
    fn of(number: f64) -> Self {
        Self { text: number.to_string(), number: Some(number) }
    }

    fn read(text: &str) -> Self {
        let number = text.parse().ok().filter(|x: &f64| x.is_finite());
        Self { text: text.to_owned(), number }
    }
}

/// What is swept.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The key as given.
    pub key: String,
    /// Its dotted path in the study.
    pub path: String,
    /// Its values, in the order given.
    pub values: Vec<Value>,
    /// Evenly spaced in the logarithm.
    pub logarithmic: bool,
}

impl Axis {
    /// Reads `KEY=START:END:POINTS`, with `:log` for even spacing in the logarithm, or `KEY=VALUE,VALUE,...`.
    /// The key is one of the `known` parameters or a dotted path.
    ///
    /// # Errors
    /// [`AxisFault`].
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, AxisFault> {
        let (key, values) = text.split_once('=').ok_or(AxisFault::Form)?;
        let (key, values) = (key.trim(), values.trim());
        if key.is_empty() {
            return Err(AxisFault::Form);
        }
        let path = match key.contains('.') {
            true => key.to_owned(),
            false if known.contains(&key) => format!("parameters.{key}"),
            false => {
                let known_names = known.iter().map(ToString::to_string).collect();
                let nearest = nearest(key, known);
                return Err(AxisFault::Unknown { key: key.to_owned(), nearest, known: known_names });
            }
        };
        if let Some(name) = path.strip_prefix("parameters.").filter(|name| !known.contains(name)) {
            let known_names = known.iter().map(ToString::to_string).collect();
            return Err(AxisFault::Unknown {
                key: name.to_owned(),
                nearest: nearest(name, known),
                known: known_names,
            });
        }
        let (values, logarithmic) =
            if values.contains(':') { range(values)? } else { (list(values)?, false) };
        let mut seen = HashSet::with_capacity(values.len());
        if let Some(twice) = values.iter().find(|value| !seen.insert(value.text.as_str())) {
            return Err(AxisFault::Twice { value: twice.text.clone() });
        }
        Ok(Self { key: key.to_owned(), path, values, logarithmic })
    }
}

fn list(text: &str) -> Result<Vec<Value>, AxisFault> {
    let entries: Vec<&str> = text.split(',').map(str::trim).collect();
    if entries.iter().any(|entry| entry.is_empty()) {
        return Err(AxisFault::Empty);
    }
    Ok(entries.into_iter().map(Value::read).collect())
}

fn range(text: &str) -> Result<(Vec<Value>, bool), AxisFault> {
    let fault = || AxisFault::Range { range: text.to_owned() };
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    let (start, end, points, logarithmic) = match parts[..] {
        [start, end, points] => (start, end, points, false),
        [start, end, points, "log"] => (start, end, points, true),
        _ => return Err(fault()),
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(fault);
    let (start, end) = (number(start)?, number(end)?);
    let points = points.parse::<usize>().ok().filter(|p| (2..=MOST).contains(p)).ok_or_else(fault)?;
    if start == end || (logarithmic && !(start > 0.0 && end > 0.0)) {
        return Err(fault());
    }
    let at = |k: usize| {
        let part = k as f64 / (points - 1) as f64;
        match k {
            0 => start,
            _ if k == points - 1 => end,
            _ if logarithmic => rounded(start * (end / start).powf(part)),
            _ => rounded(start * (1.0 - part) + end * part),
        }
    };
    Ok(((0..points).map(|k| Value::of(at(k))).collect(), logarithmic))
}

/// Rounded to 14 digits, so that 0.1:0.9:17 holds 0.15 and not 0.15000000000000002.
fn rounded(x: f64) -> f64 {
    format!("{x:.13e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["lambda", "kappa", "N"];

    fn texts(text: &str) -> Vec<String> {
        Axis::parse(text, &KNOWN).unwrap().values.into_iter().map(|v| v.text).collect()
    }

    #[test]
    fn ranges_and_lists() {
        assert_eq!(texts("lambda=0.1:0.9:17")[..3], ["0.1", "0.15", "0.2"]);
        assert_eq!(texts("lambda = 1:0:3"), ["1", "0.5", "0"]);
        assert_eq!(texts("N=2:10:5"), ["2", "4", "6", "8", "10"]);
        assert_eq!(texts("kappa=0.001:1:4:log"), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts("N=2, 3,5"), ["2", "3", "5"]);
        assert_eq!(texts("engine.kind=exact,cumulant"), ["exact", "cumulant"]);
        let axis = Axis::parse("modes.a.cutoff=4,6", &KNOWN).unwrap();
        assert_eq!((axis.path.as_str(), axis.values[1].number), ("modes.a.cutoff", Some(6.0)));
        assert_eq!(Axis::parse("N=2", &KNOWN).unwrap().path, "parameters.N");
    }

    #[test]
    fn a_million_values_are_checked_in_no_time() {
        let begun = std::time::Instant::now();
        assert_eq!(Axis::parse("lambda=0:1:1000000", &KNOWN).unwrap().values.len(), 1_000_000);
        assert!(begun.elapsed().as_secs() < 20, "the square of a million is hours");
    }

    #[test]
    fn slips_are_refused() {
        for text in ["lambda", "=1", "lambda=", "lambda=1,,2", "lambda=1,1", "lambda=1:2", "lambda=1:2:1"] {
            assert!(Axis::parse(text, &KNOWN).is_err(), "{text}");
        }
        for text in ["lambda=0:0:3", "lambda=0:1:3:log", "lambda=0:inf:3", "lambda=0:1:2.5", "lambda=a:b:3"] {
            assert!(matches!(Axis::parse(text, &KNOWN), Err(AxisFault::Range { .. })), "{text}");
        }
        for text in ["lamda=1", "parameters.lamda=1"] {
            let message = Axis::parse(text, &KNOWN).unwrap_err().to_string();
            assert!(message.contains("did you mean 'lambda'?"), "{message}");
            assert!(message.contains("known: lambda, kappa, N"), "{message}");
        }
    }
}
