//! A finished map: its table, its lines, its picture and what a reader is told.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};
use superladder_plot::{Kinds, MapLine, map};

use super::{Grid, Line};
use crate::results::{Clock, Head, OutputError, OutputFolder, write_rows};

/// A map with its table, its picture and what they hold, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// The command, which names the files.
    pub command: &'static str,
    /// Title of the picture.
    pub title: &'static str,
    /// Columns of the table besides the coordinates.
    pub heading: Vec<&'static str>,
    /// Their cells, point by point.
    pub cells: Vec<Vec<String>>,
    /// The number of the kind of every point.
    pub kinds: Vec<usize>,
    /// Names of the kinds.
    pub names: Vec<String>,
    /// Lines over the map.
    pub lines: Vec<Line>,
    /// What goes into the manifest besides.
    pub results: Value,
}

impl Map {
    /// Number of the points of a kind.
    fn count(&self, kind: usize) -> usize {
        self.kinds.iter().filter(|k| **k == kind).count()
    }

    /// Writes tables, picture and manifest, and puts the folder in its place.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn write(&self, folder: OutputFolder, grid: &Grid, clock: &Clock) -> Result<PathBuf, OutputError> {
        let keys = grid.axes.each_ref().map(|a| a.key.as_str());
        folder.write(&format!("{}.csv", self.command), |file| {
            let heading = keys.iter().chain(&self.heading);
            let row = |k: usize| grid.place(k).into_iter().chain(self.cells[k].iter().map(String::as_str));
            write_rows(file, heading, (0..self.cells.len()).map(row))
        })?;
        folder.write("lines.csv", |file| {
            let piece = |line: &Line| {
                let row = |number: usize, (x, y): &(f64, f64)| {
                    [line.name.to_owned(), number.to_string(), format!("{x:?}"), format!("{y:?}")]
                };
                let pieces = line.pieces.iter().enumerate();
                let rows = pieces.flat_map(|(number, piece)| piece.iter().map(move |p| row(number, p)));
                rows.collect::<Vec<_>>()
            };
            write_rows(file, ["line", "piece", keys[0], keys[1]], self.lines.iter().flat_map(piece))
        })?;
        folder.write_json("manifest.json", &self.manifest(grid, clock))?;
        folder.write_text("study.toml", grid.base.text())?;
        let kinds = Kinds { x: &grid.x, y: &grid.y, kinds: &self.kinds, names: &self.names };
        let lines: Vec<MapLine<'_>> =
            self.lines.iter().map(|l| MapLine { name: l.name, pieces: &l.pieces }).collect();
        folder.write_picture(self.command, &map(self.title, (keys[0], keys[1]), kinds, &lines))?;
        folder.finish()
    }

    fn manifest(&self, grid: &Grid, clock: &Clock) -> Value {
        let counts = self.names.iter().enumerate().map(|(k, name)| (name.clone(), json!(self.count(k))));
        let (study, configuration) = (grid.base.name.as_str(), grid.base.resolved());
        Head { command: self.command, study, configuration, clock }.manifest(json!({
            "axes": grid.axes.each_ref().map(|a| a.path.as_str()),
            "points": grid.len(),
            "counts": counts.collect::<serde_json::Map<_, _>>(),
            "results": self.results,
        }))
    }

    /// How many points are of which kind, and which lines were found.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (number, name) in self.names.iter().enumerate() {
            let _ = writeln!(text, "{name:<18} {:>6} points", self.count(number));
        }
        for line in self.lines.iter().filter(|line| !line.pieces.is_empty()) {
            let points: usize = line.pieces.iter().map(Vec::len).sum();
            let _ = writeln!(text, "line '{}': {points} points by root finding", line.name);
        }
        text
    }
}
