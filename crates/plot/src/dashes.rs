//! The dashes of curves as lines of their own, for bitmaps: there the plotting library begins its pattern
//! anew at every point of a curve, so that a curve of many points would look solid.

use kuva::render::render::{Primitive, Scene};

/// A point on the paper.
type Point = (f64, f64);

/// The scene with every dashed curve cut into its dashes.
pub(super) fn cut(scene: &Scene) -> Scene {
    let mut out = Scene::new(scene.width, scene.height);
    out.background_color.clone_from(&scene.background_color);
    out.text_color.clone_from(&scene.text_color);
    out.font_family.clone_from(&scene.font_family);
    out.defs.clone_from(&scene.defs);
    out.elements = scene.elements.iter().flat_map(dashes).collect();
    out
}

fn dashes(element: &Primitive) -> Vec<Primitive> {
    let Primitive::PolyLine { points, stroke, stroke_width, stroke_dasharray: Some(pattern) } = element
    else {
        return vec![element.clone()];
    };
    let lengths = pattern.split([' ', ',']).filter_map(|x| x.parse().ok()).filter(|x: &f64| *x > 0.0);
    let line = |points| Primitive::PolyLine {
        points,
        stroke: stroke.clone(),
        stroke_width: *stroke_width,
        stroke_dasharray: None,
    };
    pieces(points, &lengths.collect::<Vec<f64>>()).into_iter().map(line).collect()
}

/// The parts of a curve that a pattern of lengths (line, gap, line, gap, ...) leaves, which runs on along all
/// of it.
fn pieces(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    let (Some(first), false) = (points.first(), pattern.is_empty()) else { return vec![points.to_vec()] };
    let (mut found, mut piece) = (Vec::new(), vec![*first]);
    let (mut number, mut left) = (0, pattern[0]);
    for ends in points.windows(2) {
        let (dx, dy) = (ends[1].0 - ends[0].0, ends[1].1 - ends[0].1);
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let here = (ends[0].0 + dx * done / length, ends[0].1 + dy * done / length);
            if number % 2 == 0 {
                piece.push(here);
                found.push(std::mem::take(&mut piece));
            } else {
                piece = vec![here];
            }
            number += 1;
            left = pattern[number % pattern.len()];
        }
        left -= length - done;
        if number % 2 == 0 {
            piece.push(ends[1]);
        }
    }
    found.push(piece);
    found.retain(|piece| piece.len() > 1);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pattern_runs_on_over_the_points_of_a_curve() {
        // Points closer than the dashes, around a corner.
        let along = (0..=40).map(|k| (0.25 * f64::from(k), 0.0));
        let up = (1..=40).map(|k| (10.0, 0.25 * f64::from(k)));
        let points: Vec<Point> = along.chain(up).collect();
        let found = pieces(&points, &[3.0, 2.0]);
        let ends: Vec<(Point, Point)> = found.iter().map(|p| (p[0], p[p.len() - 1])).collect();
        let expected = [
            ((0.0, 0.0), (3.0, 0.0)),
            ((5.0, 0.0), (8.0, 0.0)),
            ((10.0, 0.0), (10.0, 3.0)),
            ((10.0, 5.0), (10.0, 8.0)),
        ];
        assert_eq!(ends.len(), 4, "{ends:?}");
        for ((a, b), (c, d)) in ends.iter().zip(&expected) {
            let off = (a.0 - c.0).abs() + (a.1 - c.1).abs() + (b.0 - d.0).abs() + (b.1 - d.1).abs();
            assert!(off < 1e-9, "{ends:?}");
        }
        // Dashes longer than the points are far apart, and a curve without a pattern.
        assert_eq!(pieces(&[(0.0, 0.0), (9.0, 0.0)], &[2.0, 1.0]).len(), 3);
        assert_eq!(pieces(&points, &[]), [points]);
    }
}
