//! Tables, words and files of a convergence study.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::json;
use superladder_engine::{End, with_error};

use super::Vary;
use super::findings::{Findings, Judged, Varied};
use crate::results::{Clock, Head, OutputError, OutputFolder, TableWriter};

/// Relative to the scale; an observable that is zero has none.
fn relative(x: f64, judged: &Judged) -> f64 {
    if judged.scale > 0.0 { x / judged.scale } else { x }
}

/// `x` relative to the scale of its observable, in a few characters.
fn short(x: Option<f64>, judged: &Judged) -> String {
    x.map_or_else(|| "-".to_owned(), |x| format!("{:.1e}", relative(x, judged)))
}

impl Judged {
    /// Largest distance of a setting to the converged values plus their error, relative to the scale; for
    /// numbers of samples, the largest standard error.
    pub fn error_at(&self, vary: Vary, setting: usize) -> f64 {
        if vary == Vary::Number {
            return relative(self.errors[setting].unwrap_or(f64::NAN), self);
        }
        let c = &self.convergence;
        relative(c.settings[setting].distance + c.extrapolation.error, self)
    }

    /// Largest distance of a setting to the converged values, relative to the scale.
    pub fn distance_at(&self, setting: usize) -> f64 {
        relative(self.convergence.settings[setting].distance, self)
    }

    /// Largest change from the setting before, relative to the scale.
    pub fn change_at(&self, setting: usize) -> Option<f64> {
        self.convergence.settings[setting].change.map(|x| relative(x, self))
    }
}

impl Varied {
    /// Changes, error and verdict of every observable.
    fn table(&self) -> String {
        let choices = &self.family.choices;
        let methods = self.family.vary.is_named();
        let mut heading = vec![String::new()];
        if methods {
            heading.extend(choices[..choices.len().saturating_sub(1)].iter().map(|c| c.label.clone()));
        } else {
            heading.extend(choices.windows(2).map(|pair| format!("{} -> {}", pair[0].label, pair[1].label)));
        }
        let own = &choices[self.own].label;
        heading.push(if methods { "largest".to_owned() } else { format!("error at {own}") });
        heading.extend(["converged value".to_owned(), "verdict".to_owned()]);
        let mut rows = vec![heading];
        for judged in &self.judged {
            let settings = &judged.convergence.settings;
            let mut row = vec![judged.convergence.name.clone()];
            if methods {
                let others = &settings[..settings.len() - 1];
                row.extend(others.iter().map(|s| short(Some(s.distance), judged)));
            } else {
                row.extend(settings[1..].iter().map(|s| short(s.change, judged)));
            }
            row.push(format!("{:.1e}", judged.error_at(self.family.vary, self.own)));
            let last = judged.convergence.extrapolation.values.last().copied().flatten();
            let distribution = judged.convergence.name == judged.observable
                && judged.convergence.name.contains("distribution");
            row.push(match last.filter(|_| !distribution) {
                Some(x) => {
                    let estimate = judged.convergence.extrapolation.error;
                    let error = match (judged.last_error, self.family.vary) {
                        (Some(statistical), Vary::Number) => statistical,
                        (statistical, _) => estimate.hypot(statistical.unwrap_or(0.0)),
                    };
                    with_error(x, error)
                }
                None => "-".to_owned(),
            });
            row.push(if judged.converged { "converged" } else { "NOT CONVERGED" }.to_owned());
            rows.push(row);
        }
        let mut seconds = vec!["seconds".to_owned()];
        seconds.extend(self.seconds.iter().skip(usize::from(!methods)).map(|s| format!("{s:.2}")));
        seconds.resize(rows[0].len(), String::new());
        rows.push(seconds);
        aligned(&rows)
    }
}

/// Rows as text: the first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = format!("  {:<width$}", row[0], width = widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// An argument of the shell.
fn quoted(set: &str) -> String {
    if set.contains([' ', '"', '{']) { format!("'{set}'") } else { set.to_owned() }
}

impl Findings {
    /// The tables, the verdict and the suggestion.
    pub fn text(&self) -> String {
        let (over, last) = match self.study.problem.end {
            End::Stationary => ("in the steady state", "in the finest steady state"),
            End::Records | End::State => ("over all output times", "at the last time"),
        };
        let mut text = format!(
            "{}\n\nLargest changes {over}, relative to the largest value of the observable; \
             allowed {:.0e}\nThe converged value is that {last}.\nConverged from coarse to fine: this setting and every \
             finer one; by name: every other one that keeps its bounds agrees; by number: the standard errors.\n",
            self.study.title, self.tolerance
        );
        for v in &self.varied {
            let own = &v.family.choices[v.own].label;
            let _ = writeln!(text, "\n{} (the study: {own})", v.family.name);
            if v.family.vary.is_named() {
                let _ = writeln!(text, "distance of every other {} to '{own}'", v.family.key);
            }
            if !v.judged.is_empty() {
                text.push_str(&v.table());
            }
            for note in &v.notes {
                let _ = writeln!(text, "  note: {note}");
            }
            for (k, choice) in v.family.choices.iter().enumerate().filter(|_| v.family.vary.is_named()) {
                let far = v.judged.iter().filter(|j| !j.agrees(k)).map(|j| j.convergence.name.as_str());
                let far: Vec<&str> = far.collect();
                if !far.is_empty() {
                    let _ = writeln!(text, "  note: {} disagrees on {}", choice.label, far.join(", "));
                }
            }
            let masked: Vec<&Judged> = v.judged.iter().filter(|j| j.undefined_at_some > 0).collect();
            for judged in masked {
                let (name, count) = (&judged.convergence.name, judged.undefined_at_some);
                let _ = writeln!(
                    text,
                    "  note: {count} values of {name} are undefined at some settings, and left out"
                );
            }
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        for reason in &self.broken {
            let _ = writeln!(text, "NOT CONVERGED: the study itself: {reason}");
        }
        for v in self.varied.iter().filter(|v| !v.converged()) {
            let bad: Vec<&str> =
                v.judged.iter().filter(|j| !j.converged).map(|j| j.convergence.name.as_str()).collect();
            let _ = writeln!(text, "NOT CONVERGED in the {}: {}", v.family.name, bad.join(", "));
        }
        if self.converged() {
            let _ = writeln!(text, "converged: no observable changes by more than {:.0e}", self.tolerance);
        }
        let _ = writeln!(text, "{}", self.advice());
        text
    }

    /// The suggestion in one or two lines.
    fn advice(&self) -> String {
        let suggestion = &self.suggestion;
        if suggestion.sets.is_empty() {
            let words =
                if suggestion.words.is_empty() { String::new() } else { format!(" ({})", suggestion.words) };
            let what = if self.varied.iter().all(Varied::converged) {
                "cheapest converged setting: the study as it is"
            } else {
                "no cheaper or better setting was found"
            };
            return format!("{what}{words}");
        }
        let sets: Vec<String> = suggestion.sets.iter().map(|s| format!("--set {}", quoted(s))).collect();
        let what = if self.converged() { "cheapest converged setting" } else { "suggested setting" };
        let words =
            if suggestion.words.is_empty() { String::new() } else { format!("\n  ({})", suggestion.words) };
        format!("{what}: {}{words}", sets.join(" "))
    }

    /// One row a family, observable and setting.
    ///
    /// # Errors
    /// Whatever the writer says.
    pub fn write_csv(&self, writer: &mut impl Write) -> io::Result<()> {
        let mut table = TableWriter::new(writer);
        table.row([
            "varied",
            "setting",
            "size",
            "own",
            "observable",
            "change",
            "distance",
            "error_of_estimate",
            "scale",
            "allowed",
            "converged",
            "seconds",
        ])?;
        for v in &self.varied {
            for judged in &v.judged {
                let c = &judged.convergence;
                for (k, (row, choice)) in c.settings.iter().zip(&v.family.choices).enumerate() {
                    let number = |x: f64| format!("{x:?}");
                    table.row([
                        v.family.key.clone(),
                        choice.label.clone(),
                        number(row.size),
                        (k == v.own).to_string(),
                        c.name.clone(),
                        row.change.map(number).unwrap_or_default(),
                        number(row.distance),
                        number(c.extrapolation.error),
                        number(judged.scale),
                        number(c.allowed),
                        row.converged.to_string(),
                        format!("{:.3}", v.seconds[k]),
                    ])?;
                }
            }
        }
        table.finish()
    }
}

/// Writes every file of a convergence study into `folder`.
///
/// # Errors
/// [`OutputError`].
pub fn write(findings: &Findings, clock: &Clock, folder: &OutputFolder) -> Result<(), OutputError> {
    let study = &findings.study;
    let details = json!({
        "tolerance": findings.tolerance,
        "converged": findings.converged(),
        "broken": findings.broken,
        "notes": findings.notes,
        "suggestion": findings.suggestion,
        "varied": findings.varied,
    });
    let head = Head { command: "converge", study: &study.name, configuration: study.resolved(), clock };
    let manifest = head.manifest(json!({
        "tolerance": findings.tolerance,
        "converged": findings.converged(),
        "runs": findings.runs,
        "warnings": study.warnings,
    }));
    folder.write("converge.csv", |file| findings.write_csv(file))?;
    folder.write_json("converge.json", &details)?;
    folder.write_text("report.txt", &findings.text())?;
    folder.write_json("manifest.json", &manifest)?;
    folder.write_text("study.toml", study.text())?;
    let picture = super::picture::picture(findings);
    folder.write_picture("converge", &picture)
}
