//! Which real numbers are unknowns of complex ones.

use num_complex::Complex64;

/// No copy, or no unknown.
const NONE: u32 = u32::MAX;

/// Vectors of complex numbers (re, im), of which some are copies of others as their conjugates. If each is
/// known to be real or imaginary, only one real number of each, without the copies, is an unknown; else first
/// all real parts, then all imaginary parts.
#[derive(Debug, Clone)]
pub struct RealForm {
    /// By unknown: where its number is in the whole vector.
    kept: Vec<u32>,
    /// By unknown: where the number of its copy is, or none.
    copies: Vec<u32>,
    /// By complex number of the whole vector, its unknown.
    unknowns: Vec<u32>,
    /// Distance of the imaginary parts from the real ones, if both are unknowns.
    imaginary: Option<usize>,
}

impl RealForm {
    /// The form of complex numbers at `places`, by unknown: the number of the complex number, that of its
    /// conjugate copy, and whether it is imaginary. `length`: complex numbers of the whole vector.
    pub fn new(places: impl Iterator<Item = (usize, Option<usize>, bool)>, length: usize) -> Self {
        let mut form = Self::empty(length);
        for (unknown, (place, copy, imaginary)) in places.enumerate() {
            let number = |place: usize| 2 * place as u32 + u32::from(imaginary);
            form.kept.push(number(place));
            form.copies.push(copy.map_or(NONE, number));
            form.unknowns[place] = unknown as u32;
            if let Some(copy) = copy {
                form.unknowns[copy] = unknown as u32;
            }
        }
        form
    }

    /// The form of complex numbers that may be anything, with their places and copies.
    pub fn of_both(places: impl Iterator<Item = (usize, Option<usize>)>, length: usize) -> Self {
        let mut form = Self::new(places.map(|(place, copy)| (place, copy, false)), length);
        let count = form.kept.len();
        for unknown in 0..count {
            let copy = form.copies[unknown];
            form.kept.push(form.kept[unknown] + 1);
            form.copies.push(if copy == NONE { NONE } else { copy + 1 });
        }
        Self { imaginary: Some(count), ..form }
    }

    fn empty(length: usize) -> Self {
        Self { kept: Vec::new(), copies: Vec::new(), unknowns: vec![NONE; length], imaginary: None }
    }

    /// Number of unknowns.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// True without unknowns.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Length of the whole vector in f64.
    pub fn whole(&self) -> usize {
        2 * self.unknowns.len()
    }

    /// The unknowns of a vector; `None` if a number that is left out is not zero.
    pub fn reduced(&self, whole: &[f64]) -> Option<Vec<f64>> {
        let zero = |kept: &u32| self.imaginary.is_some() || whole[(*kept ^ 1) as usize] == 0.0;
        self.kept.iter().all(zero).then(|| self.kept.iter().map(|kept| whole[*kept as usize]).collect())
    }

    /// The vector with these `unknowns`.
    pub fn expanded(&self, unknowns: &[f64]) -> Vec<f64> {
        let mut whole = vec![0.0; self.whole()];
        for ((x, kept), copy) in unknowns.iter().zip(&self.kept).zip(&self.copies) {
            whole[*kept as usize] = *x;
            if *copy != NONE {
                whole[*copy as usize] = if copy % 2 == 0 { *x } else { -x };
            }
        }
        whole
    }

    /// The unknowns u of the complex number whose real part is at `index`, and their factors f, 1, i or -i: the
    /// number is the sum of `f x_u`.
    pub fn read(&self, index: usize) -> impl Iterator<Item = (usize, Complex64)> + use<> {
        let unknown = self.unknowns[index / 2] as usize;
        let kept = self.kept[unknown] as usize;
        let imaginary = if kept / 2 == index / 2 { 1.0 } else { -1.0 };
        let turned = Complex64::new(0.0, imaginary);
        let first = (unknown, if kept.is_multiple_of(2) { Complex64::ONE } else { turned });
        std::iter::once(first).chain(self.imaginary.map(|distance| (unknown + distance, turned)))
    }

    /// Memory in bytes.
    pub fn memory(&self) -> u64 {
        4 * (2 * self.kept.len() + self.unknowns.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A real number, an imaginary one with its copy, and a real one with its copy.
    fn form() -> RealForm {
        let places = [(0, None, false), (1, Some(3), true), (2, Some(4), false)];
        RealForm::new(places.into_iter(), 5)
    }

    const WHOLE: [f64; 10] = [1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, -2.0, 3.0, 0.0];

    #[test]
    fn vectors_are_reduced_and_expanded() {
        let unknowns = form().reduced(&WHOLE).expect("nothing else is there");
        assert_eq!(unknowns, [1.0, 2.0, 3.0]);
        assert_eq!(form().expanded(&unknowns), WHOLE);
        let mut other = WHOLE;
        other[2] = 1e-300;
        assert_eq!(form().reduced(&other), None);
    }

    #[test]
    fn complex_numbers_are_read_from_unknowns() {
        let (form, unknowns) = (form(), [1.0, 2.0, 3.0]);
        for index in (0..10).step_by(2) {
            let found: Complex64 = form.read(index).map(|(unknown, factor)| factor * unknowns[unknown]).sum();
            assert_eq!(found, Complex64::new(WHOLE[index], WHOLE[index + 1]), "number {index}");
        }
    }

    #[test]
    fn both_parts_may_be_unknowns() {
        let form = RealForm::of_both([(0, None), (1, Some(2))].into_iter(), 3);
        let whole = [1.0, 4.0, 2.0, 3.0, 2.0, -3.0];
        let unknowns = form.reduced(&whole).expect("nothing is left out");
        assert_eq!((form.len(), &unknowns[..]), (4, &[1.0, 2.0, 4.0, 3.0][..]));
        assert_eq!(form.expanded(&unknowns), whole);
        for index in [0, 2, 4] {
            let found: Complex64 = form.read(index).map(|(unknown, factor)| factor * unknowns[unknown]).sum();
            assert_eq!(found, Complex64::new(whole[index], whole[index + 1]), "number {index}");
        }
    }
}
