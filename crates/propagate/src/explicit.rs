//! The matrix of an operator that is known by its action, on the numbers that a state can reach.

use std::ops::ControlFlow;

use superladder_dense::Mat;

use crate::{Alias, LinearOperator, PropagateError};

/// Marks a number that no state reaches.
const UNREACHED: u32 = u32::MAX;

/// Why there is no matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// More than the allowed number of rows.
    TooLarge,
    /// Ended from outside.
    Abandoned,
    /// An element is not finite.
    NonFinite,
}

/// A on the independent numbers that are reached from the non-zero numbers of a state: x' = A x there, and
/// every other independent number stays zero. Column k is the action on unit vector k; what that reaches is
/// followed in turn.
#[derive(Debug, Clone)]
pub(crate) struct Explicit {
    /// Place in the state vector of every coordinate.
    places: Vec<usize>,
    /// By place in the state vector: its coordinate, or [`UNREACHED`], and the factor.
    coordinates: Vec<(u32, f64)>,
    /// Columns as (row, element).
    columns: Vec<Vec<(u32, f64)>>,
}

impl Explicit {
    /// The matrix with at most `limit` rows.
    fn new(
        operator: &dyn LinearOperator,
        y: &[f64],
        limit: usize,
        poll: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<Self, Absent> {
        let dim = y.len();
        let alone = || (0..dim as u32).map(|of| Alias { of, factor: 1.0 }).collect();
        let aliases = operator.aliases().unwrap_or_else(alone);
        let mut members: Vec<Vec<(usize, f64)>> = vec![Vec::new(); dim];
        for (place, alias) in aliases.iter().enumerate() {
            members[alias.of as usize].push((place, alias.factor));
        }
        let independent: Vec<usize> =
            (0..dim).filter(|&p| aliases[p].of as usize == p && aliases[p].factor != 0.0).collect();
        let mut coordinate = vec![UNREACHED; dim];
        let (mut places, mut columns) = (Vec::new(), Vec::new());
        for &place in independent.iter().filter(|p| y[**p] != 0.0) {
            coordinate[place] = places.len() as u32;
            places.push(place);
        }
        let (mut unit, mut image) = (vec![0.0; dim], vec![0.0; dim]);
        while columns.len() < places.len() {
            if places.len() > limit {
                return Err(Absent::TooLarge);
            }
            if poll().is_break() {
                return Err(Absent::Abandoned);
            }
            let own = &members[places[columns.len()]];
            for &(place, factor) in own {
                unit[place] = factor;
            }
            operator.apply(&unit, &mut image);
            for &(place, _) in own {
                unit[place] = 0.0;
            }
            let mut column = Vec::new();
            for &place in independent.iter().filter(|p| image[**p] != 0.0) {
                if !image[place].is_finite() {
                    return Err(Absent::NonFinite);
                }
                if coordinate[place] == UNREACHED {
                    coordinate[place] = places.len() as u32;
                    places.push(place);
                }
                column.push((coordinate[place], image[place]));
            }
            columns.push(column);
        }
        let coordinates = aliases.iter().map(|a| (coordinate[a.of as usize], a.factor)).collect();
        Ok(Self { places, coordinates, columns }.in_order())
    }

    /// The same with the coordinates in the order of their places, whatever led to them: a state that is
    /// found on its way leads to the same bits as the one at the start.
    fn in_order(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.places.len()).collect();
        order.sort_by_key(|old| self.places[*old]);
        let mut new = vec![UNREACHED; order.len()];
        for (k, old) in order.iter().enumerate() {
            new[*old] = k as u32;
        }
        let moved = |row: u32| new.get(row as usize).copied().unwrap_or(UNREACHED);
        self.coordinates.iter_mut().for_each(|c| c.0 = moved(c.0));
        let mut columns = Vec::with_capacity(order.len());
        for old in &order {
            let mut column = std::mem::take(&mut self.columns[*old]);
            for element in &mut column {
                element.0 = moved(element.0);
            }
            columns.push(column);
        }
        let places = order.iter().map(|old| self.places[*old]).collect();
        Self { places, coordinates: self.coordinates, columns }
    }

    /// Number of coordinates.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether a state has no number other than zero outside of the coordinates.
    pub(crate) fn holds(&self, y: &[f64]) -> bool {
        y.iter().zip(&self.coordinates).all(|(x, c)| *x == 0.0 || c.0 != UNREACHED || c.1 == 0.0)
    }

    /// The coordinates of a state.
    pub(crate) fn gather(&self, y: &[f64], x: &mut [f64]) {
        for (x, place) in x.iter_mut().zip(&self.places) {
            *x = y[*place];
        }
    }

    /// The state with these coordinates.
    pub(crate) fn scatter(&self, x: &[f64], y: &mut [f64]) {
        for (y, (coordinate, factor)) in y.iter_mut().zip(&self.coordinates) {
            *y = x.get(*coordinate as usize).map_or(0.0, |x| factor * x);
        }
    }

    /// Columns of A as (row, element).
    pub(crate) fn columns(&self) -> &[Vec<(u32, f64)>] {
        &self.columns
    }

    /// s A as a dense matrix.
    pub(crate) fn dense(&self, s: f64) -> Mat<f64> {
        let mut matrix = Mat::zeros(self.len(), self.len());
        for (j, column) in self.columns.iter().enumerate() {
            for (i, element) in column {
                matrix[(*i as usize, j)] = s * element;
            }
        }
        matrix
    }
}

/// The matrix of an operator, with what it was recognised by.
pub(crate) struct KnownOperator {
    pub(crate) explicit: Explicit,
    /// The image of a fixed vector, which is another one for another operator.
    image: Vec<f64>,
}

impl KnownOperator {
    /// The matrix on the numbers that `y` reaches, at most `limit`.
    fn new(
        operator: &dyn LinearOperator,
        y: &[f64],
        limit: usize,
        poll: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<Self, Absent> {
        let explicit = Explicit::new(operator, y, limit, poll)?;
        Ok(Self { explicit, image: image(operator) })
    }

    /// The same for a `method` with this limit; `None` if `poll` ends it.
    pub(crate) fn learned(
        operator: &dyn LinearOperator,
        (time, y): (f64, &[f64]),
        (method, limit): (&'static str, usize),
        poll: &dyn Fn() -> ControlFlow<()>,
    ) -> Result<Option<Self>, PropagateError> {
        match Self::new(operator, y, limit, poll) {
            Ok(known) => Ok(Some(known)),
            Err(Absent::Abandoned) => Ok(None),
            Err(Absent::NonFinite) => Err(PropagateError::NonFinite { time, step: 0.0 }),
            Err(Absent::TooLarge) => Err(PropagateError::TooLarge { method, limit }),
        }
    }

    /// Whether this is the matrix of `operator` and holds all of `y`.
    pub(crate) fn is(&self, operator: &dyn LinearOperator, y: &[f64]) -> bool {
        self.explicit.holds(y) && self.image == image(operator)
    }

    /// What tells this operator from others in a checkpoint.
    pub(crate) fn sum(&self) -> f64 {
        self.image.iter().sum()
    }
}

/// The image of a vector of the kind that the operator acts on, without symmetry, and the same on every
/// machine.
fn image(operator: &dyn LinearOperator) -> Vec<f64> {
    let value = |place: usize| 1.0 + 0.5 * (1.7 * place as f64).sin();
    let mark: Vec<f64> = match operator.aliases() {
        Some(aliases) => aliases.iter().map(|alias| alias.factor * value(alias.of as usize)).collect(),
        None => (0..operator.dim()).map(value).collect(),
    };
    let mut image = vec![0.0; operator.dim()];
    operator.apply(&mark, &mut image);
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x_0' = -x_0, x_1' = x_0, x_2' = x_2; x_3 repeats x_1 with the other sign.
    struct Repeating;

    impl LinearOperator for Repeating {
        fn dim(&self) -> usize {
            4
        }
        fn apply(&self, x: &[f64], out: &mut [f64]) {
            out.copy_from_slice(&[-x[0], x[0], x[2], -x[0]]);
        }
        fn norm_bound(&self) -> f64 {
            2.0
        }
        fn aliases(&self) -> Option<Vec<Alias>> {
            let alias = |of, factor| Alias { of, factor };
            Some(vec![alias(0, 1.0), alias(1, 1.0), alias(2, 1.0), alias(1, -1.0)])
        }
    }

    #[test]
    fn only_what_is_reached_has_a_row() {
        let go_on = || ControlFlow::Continue(());
        let found = Explicit::new(&Repeating, &[1.0, 0.0, 0.0, 0.0], 4, &go_on).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found.dense(2.0)[(0, 0)], -2.0);
        assert_eq!(found.dense(2.0)[(1, 0)], 2.0);
        let mut y = [9.0; 4];
        found.scatter(&[3.0, 5.0], &mut y);
        assert_eq!(y, [3.0, 5.0, 0.0, -5.0]);
        assert!(found.holds(&y) && !found.holds(&[0.0, 0.0, 1.0, 0.0]));
        let small = Explicit::new(&Repeating, &[1.0, 0.0, 0.0, 0.0], 1, &go_on);
        assert_eq!(small.unwrap_err(), Absent::TooLarge);
        let stop = || ControlFlow::Break(());
        let ended = Explicit::new(&Repeating, &[1.0; 4], 4, &stop);
        assert_eq!(ended.unwrap_err(), Absent::Abandoned);
    }
}
