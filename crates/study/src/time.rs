//! From the table `time` to output times.

use serde_json::{Value as Json, json};

use crate::error::{Fault, StudyError};
use crate::section::Section;

/// More output times than this are refused: they are surely a slip.
const MOST: f64 = 1e7;

/// Output times from `start`, `end` and `points` or `step`, or from `times` alone; and the table as resolved.
pub(crate) fn read(section: &Section<'_>) -> Result<(Vec<f64>, Json), StudyError> {
    let times = section.numbers("times")?;
    let start = section.number("start")?;
    let end = section.number("end")?;
    let points = section.count("points", 2)?;
    let step = section.number("step")?;
    let conflict = |key: &str, conflict: &str| {
        section.fault(key, Fault::Conflict { of: section.of().to_owned(), conflict: conflict.to_owned() })
    };
    if let Some(times) = times {
        if start.is_some() || end.is_some() || points.is_some() || step.is_some() {
            return Err(conflict(
                "times",
                "`times` stands alone, without `start`, `end`, `points` or `step`",
            ));
        }
        if times.is_empty() || !times.is_sorted_by(|a, b| a < b) || times.iter().any(|t| !t.is_finite()) {
            return Err(section.wrong("times", "a list of finite, strictly increasing times"));
        }
        let resolved = json!({ "times": times });
        return Ok((times, resolved));
    }
    let start = start.unwrap_or(0.0);
    if !start.is_finite() {
        return Err(section.wrong("start", "a finite number"));
    }
    let end = end.ok_or_else(|| conflict("end", "needs `end` with `points` or `step`, or `times` alone"))?;
    if !end.is_finite() || end <= start {
        return Err(section.wrong("end", format!("finite and later than the start at {start}")));
    }
    let intervals = match (points, step) {
        (Some(points), None) => points - 1,
        (None, Some(step)) => intervals(section, end - start, step)?,
        (Some(_), Some(_)) => return Err(conflict("step", "give `points` or `step`, not both")),
        (None, None) => return Err(conflict("end", "needs `points` or `step`")),
    };
    if intervals as f64 > MOST {
        return Err(section.wrong("points", format!("at most {MOST:e}")));
    }
    let time =
        |k: usize| if k == intervals { end } else { start + (end - start) * k as f64 / intervals as f64 };
    let resolved = json!({ "start": start, "end": end, "points": intervals + 1 });
    Ok(((0..=intervals).map(time).collect(), resolved))
}

fn intervals(section: &Section<'_>, span: f64, step: f64) -> Result<usize, StudyError> {
    let ratio = span / step;
    let whole = ratio.round();
    let divides = step > 0.0 && (1.0..=MOST).contains(&whole) && (ratio - whole).abs() <= 1e-9 * whole;
    if divides {
        Ok(whole as usize)
    } else {
        Err(section.wrong("step", format!("> 0 and divide the span {span} evenly")))
    }
}
