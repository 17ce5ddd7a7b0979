//! Where the cells of a map end.

/// Edges of the cells of `points` in ascending order, one more than points: half of the way to the neighbours,
/// at the ends as far outwards as inwards. A single point has a cell of a tenth of its value, or of 1.
///
/// ```text
///     |  .  | .|.|.|   points . and edges |
/// ```
pub(crate) fn edges(points: &[f64], trimmed: bool) -> Vec<f64> {
    let [first, .., last] = points else {
        let half = points.first().map_or(0.5, |x| if *x == 0.0 { 0.5 } else { 0.05 * x.abs() });
        return points.iter().flat_map(|x| [x - half, x + half]).collect();
    };
    let inner: Vec<f64> = points.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])).collect();
    let (low, high) =
        if trimmed { (*first, *last) } else { (2.0 * first - inner[0], 2.0 * last - inner[inner.len() - 1]) };
    [vec![low], inner, vec![high]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_end_half_way_to_their_neighbours() {
        assert_eq!(edges(&[0.0, 1.0, 3.0], false), [-0.5, 0.5, 2.0, 4.0]);
        assert_eq!(edges(&[0.0, 1.0, 3.0], true), [0.0, 0.5, 2.0, 3.0]);
        assert_eq!(edges(&[2.0], false), [1.9, 2.1]);
        assert_eq!(edges(&[0.0], false), [-0.5, 0.5]);
        assert!(edges(&[], false).is_empty());
    }
}
