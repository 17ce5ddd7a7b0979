//! Panels in a terminal: lines and marks as dots of braille, two beside and four above each other in a character.

use std::fmt::Write as _;

use crate::COLOURS;
use crate::number::short;
use crate::panel::{Axis, Panel, Scale, Series};

/// Rows of characters of a panel.
const ROWS: usize = 12;
/// Narrower pictures show nothing.
const NARROWEST: usize = 24;
/// The colours [`COLOURS`] as codes of the terminal, as near as 16 colours come; the seventh, black, is its own.
const CODES: [u8; 7] = [34, 31, 32, 35, 33, 36, 39];

/// The panels below each other, at most `width` characters wide; with `colour` lines differ by the colours of the terminal,
/// else their names alone stand below. Maps, which need shades, are left to the files. Words lose what steers a terminal.
pub fn terminal(title: &str, panels: &[Panel], width: usize, colour: bool) -> String {
    let mut text = format!("{}\n", cut(title, width));
    for panel in panels {
        text.push('\n');
        drawn(&mut text, panel, width.max(NARROWEST), colour);
    }
    text
}

fn drawn(text: &mut String, panel: &Panel, width: usize, colour: bool) {
    let _ = writeln!(text, "{}", cut(&panel.title, width));
    let lines: Vec<Dots<'_>> = panel.series.iter().filter_map(Dots::of).collect();
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let (Some(x), Some(y)) = (Span::of(&panel.x, all().map(|p| p.0)), Span::of(&panel.y, all().map(|p| p.1)))
    else {
        let _ = writeln!(text, "{}", cut("  (see the picture in the folder)", width));
        return;
    };
    let labels = [y.word(y.high), y.word(y.low)];
    let margin = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    let columns = width.saturating_sub(margin + 2).max(1);
    let mut cells = vec![(0_u8, 0_u8); columns * ROWS];
    for line in &lines {
        let place = |&(a, b): &(f64, f64)| {
            Some((x.part(a)? * (2 * columns - 1) as f64, (1.0 - y.part(b)?) * (4 * ROWS - 1) as f64))
        };
        let mut last = None;
        for point in line.points.iter().map(place) {
            if let Some(end) = point {
                let start = last.filter(|_| line.joined).unwrap_or(end);
                segment(start, end, |column, row| dot(&mut cells, columns, (column, row), line.code));
            }
            last = point;
        }
    }
    for row in 0..ROWS {
        let label =
            [(0, 0), (ROWS - 1, 1)].iter().find(|(at, _)| *at == row).map_or("", |(_, k)| &*labels[*k]);
        let _ = writeln!(text, "{label:>margin$} │{}", line(&cells[row * columns..][..columns], colour));
    }
    let (low, high) = (x.word(x.low), x.word(x.high));
    let between = columns.saturating_sub(low.chars().count() + high.chars().count());
    let axis = cut(&panel.x.label, between.saturating_sub(2));
    let _ = writeln!(text, "{:margin$} └{}", "", "─".repeat(columns));
    let _ = writeln!(text, "{}", cut(&format!("{:margin$}  {low}{axis:^between$}{high}", ""), width));
    for line in lines.iter().filter(|line| !line.label.is_empty()) {
        let label = format!("  ─ {}", cut(line.label, width.saturating_sub(4)));
        let _ = writeln!(text, "{}", if colour { painted(&label, line.code) } else { label });
    }
}

/// What is drawn of lines and marks.
struct Dots<'a> {
    label: &'a str,
    points: &'a [(f64, f64)],
    /// The points are joined.
    joined: bool,
    /// Of the colour in a terminal.
    code: u8,
}

impl<'a> Dots<'a> {
    fn of(series: &'a Series) -> Option<Self> {
        match series {
            Series::Line(line) => Some(Self::new(&line.label, &line.points, true, line.colour)),
            Series::Marks(marks) => Some(Self::new(&marks.label, &marks.points, false, marks.colour)),
            Series::Heat(_) | Series::Map(_) => None,
        }
    }

    fn new(label: &'a str, points: &'a [(f64, f64)], joined: bool, colour: &str) -> Self {
        let known = COLOURS.iter().position(|known| *known == colour);
        Self { label, points, joined, code: CODES[known.unwrap_or(0) % CODES.len()] }
    }
}

/// Where the values of an axis lie.
struct Span<'a> {
    low: f64,
    high: f64,
    scale: &'a Scale,
}

impl<'a> Span<'a> {
    fn of(axis: &'a Axis, values: impl Iterator<Item = f64>) -> Option<Self> {
        let scale = &axis.scale;
        let bent = values.map(|x| bend(scale, x)).filter(|x| x.is_finite());
        let (low, high) = bent.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let given = |end: Option<f64>| end.map(|x| bend(scale, x)).filter(|x| x.is_finite());
        let (low, high) = (given(axis.low).unwrap_or(low), given(axis.high).unwrap_or(high));
        let half = if low < high { 0.0 } else { (0.05 * low.abs()).max(0.5) };
        (low.is_finite() && high.is_finite()).then_some(Self { low: low - half, high: high + half, scale })
    }

    /// Where a value lies between the ends, from 0 to 1.
    fn part(&self, x: f64) -> Option<f64> {
        let part = (bend(self.scale, x) - self.low) / (self.high - self.low);
        (-1e-9..=1.0 + 1e-9).contains(&part).then_some(part)
    }

    fn word(&self, end: f64) -> String {
        match self.scale {
            Scale::Linear | Scale::Words(_) => short(end),
            Scale::Logarithmic | Scale::Powers => short(10_f64.powf(end)),
        }
    }
}

/// A coordinate so that it is evenly divided.
fn bend(scale: &Scale, x: f64) -> f64 {
    if *scale == Scale::Logarithmic { x.log10() } else { x }
}

/// Every dot from `start` to `end`.
fn segment(start: (f64, f64), end: (f64, f64), mut put: impl FnMut(usize, usize)) {
    let steps = (end.0 - start.0).abs().max((end.1 - start.1).abs()).ceil().max(1.0);
    for k in 0..=steps as usize {
        let part = k as f64 / steps;
        let between = |a: f64, b: f64| (a + part * (b - a)).round() as usize;
        put(between(start.0, end.0), between(start.1, end.1));
    }
}

/// Sets a dot; the character has the colour of the line that came last.
fn dot(cells: &mut [(u8, u8)], columns: usize, (column, row): (usize, usize), code: u8) {
    // Braille numbers its dots 1 2 3 7 on the left and 4 5 6 8 on the right.
    const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    let cell = &mut cells[(row / 4) * columns + column / 2];
    *cell = (cell.0 | DOTS[column % 2][row % 4], code);
}

fn line(cells: &[(u8, u8)], colour: bool) -> String {
    let sign = |dots: u8| char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' ');
    let mut text = String::new();
    for run in cells.chunk_by(|a, b| (a.0 == 0) == (b.0 == 0) && a.1 == b.1) {
        let part: String = run.iter().map(|(dots, _)| if *dots == 0 { ' ' } else { sign(*dots) }).collect();
        text.push_str(&if colour && run[0].0 != 0 { painted(&part, run[0].1) } else { part });
    }
    if colour { text } else { text.trim_end().to_owned() }
}

fn painted(text: &str, code: u8) -> String {
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// Words in at most `width` characters, without any that steers a terminal or changes the direction of writing.
fn cut(words: &str, width: usize) -> String {
    let steers = |c: &char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let plain: Vec<char> = words.chars().filter(|c| !steers(c)).collect();
    if plain.len() <= width {
        return plain.into_iter().collect();
    }
    plain.into_iter().take(width.saturating_sub(1)).chain((width > 0).then_some('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::{Line, Marks};

    fn panel(points: &[(f64, f64)]) -> Panel {
        let line = Line { label: "n".into(), points: points.to_vec(), ..Line::default() };
        Panel {
            title: "photons".into(),
            series: vec![Series::Line(line)],
            x: Axis::new("t"),
            ..Panel::default()
        }
    }

    #[test]
    fn a_line_goes_from_corner_to_corner_within_the_width() {
        let text = terminal("rise", &[panel(&[(0.0, 0.0), (10.0, 5.0)])], 40, false);
        let rows: Vec<&str> = text.lines().filter(|line| line.contains('│')).collect();
        assert_eq!(rows.len(), ROWS);
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        assert!(rows[0].starts_with("5 │") && rows[ROWS - 1].starts_with("0 │"), "{text}");
        let ends = (rows[0].chars().last(), rows[ROWS - 1].chars().nth(3));
        assert!(
            ends.0.is_some_and(|c| c as u32 & 0x08 != 0) && ends.1.is_some_and(|c| c as u32 & 0x40 != 0),
            "{text}"
        );
        assert_eq!(rows[0].chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count(), 3, "{text}");
    }

    #[test]
    fn what_steers_a_terminal_is_left_out() {
        let mut evil = panel(&[(0.0, 1.0), (1.0, 1.0)]);
        evil.title = "\x1b[2Jred\u{202e}\r\n".into();
        let text = terminal("\x07title\x1b]0;x", &[evil], 60, false);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text:?}");
        assert!(text.starts_with("title]0;x\n") && text.contains("\n[2Jred\n"), "{text}");
        assert!(terminal("", &[panel(&[(0.0, 1.0)])], 60, true).contains("\x1b[34m"));
    }

    #[test]
    fn undefined_values_and_short_widths_are_no_trouble() {
        let marks = Marks { points: vec![(0.0, f64::NAN), (1.0, 2.0)], ..Marks::default() };
        let broken = Panel { series: vec![Series::Marks(marks)], ..Panel::default() };
        let empty = Panel { title: "map".into(), ..Panel::default() };
        let text = terminal("x", &[broken, empty, panel(&[(0.0, f64::NAN)])], 0, false);
        assert!(text.contains("  (see the picture in t…"), "{text}");
        let logarithmic = Panel {
            y: Axis::new("y").scaled(Scale::Logarithmic),
            ..panel(&[(0.0, 0.0), (1.0, 10.0), (2.0, 1000.0)])
        };
        let text = terminal("", &[logarithmic], 50, false);
        assert!(text.contains("1000 │") && text.contains("10 │"), "{text}");
    }
}
