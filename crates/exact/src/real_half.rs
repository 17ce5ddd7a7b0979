//! The generator as a real sparse matrix on the stored half of the state, where a gauge makes it real.
//!
//! With `rho_a = i^(c_a) x_a` for the elements a = (i, j), i <= j, and two colours c = 0, 1, a matrix element
//! of L between elements becomes real if it is real between equal colours and imaginary between different
//! ones. Populations are real, they have the colour 0; an element read as its conjugate takes the sign of
//! `(-i)^c`. Without energy differences inside of the stored coherences (resonance, or the frame of the
//! charge) real couplings are bipartite in the excitations that they move, and the colours exist. Where the
//! initial state is real in this gauge it stays so, and one real number is left of every complex one.
//!
//! Without colours, or where the initial state is not real in them, real and imaginary parts of the stored
//! half are unknowns: twice as many, with twice as many entries.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use num_complex::Complex64;
use rayon::prelude::*;
use superladder_engine::{EngineError, Halt, Never};
use superladder_propagate::LinearOperator;
use superladder_space::{Space, go_on};
use superladder_sparse::{Colouring, RealForm, RealMatrix, Rows};

use crate::error::INTERRUPTED;
use crate::generator::Elements;
use crate::layout::Layout;
use crate::rows::LiouvillianRows;
use crate::spectrum::rectangle;

/// Parts of sums that are rounding errors.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// Mark of a place that is the mirror image of another one.
const MIRROR: u32 = 1 << 31;

/// The stored half without copies: every element (i, j) with i <= j. They are numbered so that neighbours
/// differ in one label only, the same in both states: then the matrix elements of neighbours lie at the same
/// distances, which [`RealMatrix`] needs to be fast.
pub struct StoredHalf<'a> {
    layout: &'a Layout,
    /// Sector, i and j of every unknown.
    elements: Vec<[u32; 3]>,
    /// By stored complex number: its unknown, and whether it is a mirror image.
    unknowns: Vec<u32>,
}

/// A matrix element of L in a row: the unknown, whether its conjugate is meant, and the value.
#[derive(Clone, Copy)]
struct Entry {
    unknown: u32,
    conjugate: bool,
    value: Complex64,
}

impl Entry {
    /// The value without its phase; true if it is imaginary, `None` if it is neither.
    fn part(&self) -> Option<(f64, bool)> {
        match (self.value.re, self.value.im) {
            (re, 0.0) => Some((re, false)),
            (0.0, im) => Some((im, true)),
            _ => None,
        }
    }
}

/// The real form of a problem, and what its matrix needs.
#[derive(Debug, Clone)]
pub struct RealHalf {
    /// What the unknowns are.
    pub form: Arc<RealForm>,
    /// The gauge; none if both parts are unknowns.
    colours: Option<Vec<bool>>,
    /// Entries of the largest matrix of all stages.
    pub nnz: usize,
}

impl Entry {
    /// The entry of row `a` in a gauge, `(-i)^(c_a) L_ab i^(c_b)`, or with `(-i)^(c_b)` for a conjugate.
    fn in_gauge(&self, colours: &[bool], a: usize) -> f64 {
        let (value, imaginary) = self.part().unwrap_or((f64::NAN, false));
        let turned = if imaginary {
            colours[self.unknown as usize] && !self.conjugate
        } else {
            colours[a] && self.conjugate
        };
        if turned { -value } else { value }
    }

    /// What the real and the imaginary part of the unknown add to the real or the imaginary part of the row.
    fn of_parts(&self, imaginary: bool) -> [f64; 2] {
        let Complex64 { re, im } = self.value;
        let [first, second] = if imaginary { [im, re] } else { [re, -im] };
        [first, if self.conjugate { -second } else { second }]
    }
}

impl<'a> StoredHalf<'a> {
    /// `None` if there are too many numbers for 31 bits.
    pub fn new(space: &Space, layout: &'a Layout) -> Option<Self> {
        Self::new_while(space, layout, &Never).unwrap_or_else(|_| unreachable!("nobody ends it"))
    }

    /// [`StoredHalf::new`] that `halt` may end.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub(crate) fn new_while(
        space: &Space,
        layout: &'a Layout,
        halt: &dyn Halt,
    ) -> Result<Option<Self>, EngineError> {
        if layout.len() >= MIRROR as usize {
            return Ok(None);
        }
        let halted = &|| halt.asked();
        let slow_to_fast = slow_to_fast(space);
        // Sorted in parts: by sector and by the difference of the slowest label.
        let mut parts: BTreeMap<(u32, i64), Vec<[u32; 3]>> = BTreeMap::new();
        for (number, pair) in layout.pairs().iter().enumerate() {
            go_on(number, PAIRS, halted).ok_or(INTERRUPTED)?;
            let (rows, columns) = (&layout.tiles()[pair.row], &layout.tiles()[pair.column]);
            for i in rows.states.clone() {
                let columns =
                    columns.states.start.max(if pair.row == pair.column { i } else { 0 })..columns.states.end;
                let sector = &space.sectors()[rows.sector];
                for j in columns {
                    let [a, b] =
                        [i, j].map(|state| slow_to_fast.first().map_or(0, |l| sector.labels(state)[*l]));
                    let key = (rows.sector as u32, i64::from(b) - i64::from(a));
                    parts.entry(key).or_default().push([rows.sector as u32, i as u32, j as u32]);
                }
            }
        }
        let mut elements = Vec::with_capacity(parts.values().map(Vec::len).sum());
        while let Some((_, mut part)) = parts.pop_first() {
            go_on(0, 1, halted).ok_or(INTERRUPTED)?;
            part.par_sort_unstable_by(|a, b| order(space, &slow_to_fast, *a, *b));
            elements.append(&mut part);
        }
        let mut half = Self { layout, elements, unknowns: vec![0; layout.len() / 2] };
        for unknown in 0..half.len() {
            go_on(unknown, BATCH, halted).ok_or(INTERRUPTED)?;
            let (place, mirror) = half.places(unknown);
            half.unknowns[place] = unknown as u32;
            if let Some(mirror) = mirror {
                half.unknowns[mirror] = unknown as u32 | MIRROR;
            }
        }
        Ok(Some(half))
    }

    /// Number of unknowns.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Sector, i and j of every unknown.
    pub(crate) fn elements(&self) -> &[[u32; 3]] {
        &self.elements
    }

    /// True without unknowns.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The place of an unknown and that of its mirror image, if it has one.
    fn places(&self, unknown: usize) -> (usize, Option<usize>) {
        let [sector, i, j] = self.elements[unknown].map(|x| x as usize);
        let place = |i, j| self.layout.element(sector, i, j).map_or(0, |(index, _)| index / 2);
        let inside = i != j && self.layout.tile_of(sector, i) == self.layout.tile_of(sector, j);
        (place(i, j), inside.then(|| place(j, i)))
    }

    /// Where rho_kl of a sector is found; `None` if it is not stored.
    fn find(&self, sector: usize, k: usize, l: usize) -> Option<(u32, bool)> {
        let (index, conjugate) = self.layout.element(sector, k, l)?;
        let found = self.unknowns[index / 2];
        Some((found & !MIRROR, conjugate != (found & MIRROR != 0)))
    }

    /// The row of L of an unknown.
    fn row(&self, terms: &LiouvillianRows, unknown: usize, entries: &mut Vec<Entry>) {
        let [sector, i, j] = self.elements[unknown].map(|x| x as usize);
        entries.clear();
        terms.row(sector, i, j, &mut |sector, k, l, value| {
            if let Some((unknown, conjugate)) = self.find(sector, k, l) {
                // A population is its own conjugate.
                entries.push(Entry { unknown, conjugate: conjugate && k != l, value });
            }
        });
        merge(entries);
    }

    /// The gauge that makes the generators of all stages real, and the number of entries of the largest;
    /// `Some(None)` if there is none, `None` if `halt` ends the work.
    pub fn gauge(&self, stages: &[&Elements], halt: &dyn Halt) -> Option<Option<RealHalf>> {
        // The first unknown stands for the colour of all populations.
        let mut colours = Colouring::new(self.len() + 1);
        let mut nnz = 0;
        for (number, elements) in stages.iter().enumerate() {
            let terms = LiouvillianRows::new(elements);
            let mut count = 0;
            for unknowns in batches(self.len()) {
                if halt.asked() {
                    return None;
                }
                let parts = parts(unknowns).into_par_iter();
                let relations: Vec<_> = parts.map(|part| self.relations(&terms, part)).collect();
                for relations in relations {
                    let Some(relations) = relations else { return Some(None) };
                    count += relations.len();
                    let mut related = relations
                        .iter()
                        .map(|(a, b, differ)| colours.relate(*a as usize + 1, *b as usize + 1, *differ));
                    if !related.all(|good| good) {
                        return Some(None);
                    }
                }
            }
            nnz = nnz.max(count);
            if number == 0 && !self.populations().all(|p| colours.relate(0, p + 1, false)) {
                return Some(None);
            }
        }
        let colours: Vec<bool> = (0..self.len()).map(|a| colours.of(a + 1)).collect();
        let places = (0..self.len()).map(|unknown| self.places(unknown)).zip(&colours);
        let places = places.map(|((place, mirror), colour)| (place, mirror, *colour));
        let form = Arc::new(RealForm::new(places, self.unknowns.len()));
        Some(Some(RealHalf { form, colours: Some(colours), nnz }))
    }

    /// Real and imaginary parts as unknowns, whatever the generators of the stages are; `None` if `halt` ends the
    /// work.
    pub fn both(&self, stages: &[&Elements], halt: &dyn Halt) -> Option<RealHalf> {
        let form =
            RealForm::of_both((0..self.len()).map(|unknown| self.places(unknown)), self.unknowns.len());
        let mut real = RealHalf { form: Arc::new(form), colours: None, nnz: 0 };
        for elements in stages {
            let terms = LiouvillianRows::new(elements);
            let mut count = 0;
            for unknowns in real.batches() {
                if halt.asked() {
                    return None;
                }
                let parts = parts(unknowns).into_par_iter();
                count += parts.map(|part| self.rows(&real, &terms, part).values.len()).sum::<usize>();
            }
            real.nnz = real.nnz.max(count);
        }
        Some(real)
    }

    /// Rows of the real matrix.
    fn rows(&self, real: &RealHalf, terms: &LiouvillianRows, rows: Range<usize>) -> Rows {
        let (mut found, mut entries) = (Rows::default(), Vec::new());
        for row in rows {
            self.row(terms, row % self.len(), &mut entries);
            if let Some(colours) = &real.colours {
                found.append(entries.iter().map(|e| (e.unknown, e.in_gauge(colours, row))));
            } else {
                let (imaginary, behind) = (row >= self.len(), self.len() as u32);
                let first = entries.iter().map(|e| (e.unknown, e.of_parts(imaginary)[0]));
                let second = entries.iter().map(|e| (e.unknown + behind, e.of_parts(imaginary)[1]));
                found.append(first.chain(second));
            }
        }
        found
    }

    /// What rows demand of the colours; `None` if an entry is neither real nor imaginary.
    fn relations(&self, terms: &LiouvillianRows, unknowns: Range<usize>) -> Option<Vec<(u32, u32, bool)>> {
        let (mut relations, mut entries) = (Vec::new(), Vec::new());
        for a in unknowns {
            self.row(terms, a, &mut entries);
            for entry in &entries {
                relations.push((a as u32, entry.unknown, entry.part()?.1));
            }
        }
        Some(relations)
    }

    /// The unknowns that are populations.
    fn populations(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|a| self.elements[*a][1] == self.elements[*a][2])
    }

    /// The matrix in the gauge; `None` if `halt` ends the work.
    pub(crate) fn matrix(&self, real: &RealHalf, elements: &Elements, halt: &dyn Halt) -> Option<RealMatrix> {
        let terms = LiouvillianRows::new(elements);
        let part = |rows: Range<usize>| self.rows(real, &terms, rows);
        let mut matrix = RealMatrix::with_capacity(real.nnz);
        for unknowns in real.batches() {
            if halt.asked() {
                return None;
            }
            let rows: Vec<Rows> = parts(unknowns).into_par_iter().map(part).collect();
            for rows in &rows {
                matrix.push(rows);
            }
        }
        matrix.finish();
        Some(matrix)
    }
}

/// All unknowns, some at a time.
fn batches(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(BATCH).map(move |first| first..(first + BATCH).min(count))
}

/// Unknowns that are worked on between two looks at whether to go on.
const BATCH: usize = 1 << 17;
/// Blocks, each of some thousands of unknowns at most.
const PAIRS: usize = 1 << 6;

/// Parts of a batch for the threads.
fn parts(unknowns: Range<usize>) -> Vec<Range<usize>> {
    /// Unknowns in a part.
    const PART: usize = 1 << 12;
    let end = unknowns.end;
    unknowns.step_by(PART).map(|first| first..(first + PART).min(end)).collect()
}

/// Labels in the order of how many values they have, the longest last.
fn slow_to_fast(space: &Space) -> Vec<usize> {
    let values = |label: &usize| match label.checked_sub(space.levels().len()) {
        None => space.levels()[*label],
        Some(ensemble) => space.spins()[ensemble] + 1,
    };
    let mut labels: Vec<usize> = (0..space.levels().len() + space.spins().len()).collect();
    labels.sort_by_key(values);
    labels
}

/// By sector, then by the differences of all labels, then by the labels of i, the fastest last.
fn order(space: &Space, slow_to_fast: &[usize], a: [u32; 3], b: [u32; 3]) -> Ordering {
    let labels = |[sector, i, j]: [u32; 3]| {
        let sector = &space.sectors()[sector as usize];
        (sector.labels(i as usize), sector.labels(j as usize))
    };
    let ((ai, aj), (bi, bj)) = (labels(a), labels(b));
    let difference = |(i, j): (&[u32], &[u32]), label: usize| i64::from(j[label]) - i64::from(i[label]);
    let by_difference = |label: &usize| difference((ai, aj), *label).cmp(&difference((bi, bj), *label));
    let by_label = |label: &usize| ai[*label].cmp(&bi[*label]);
    let different = |found: &Ordering| found.is_ne();
    a[0].cmp(&b[0]).then_with(|| {
        let mut found = slow_to_fast.iter().map(by_difference).chain(slow_to_fast.iter().map(by_label));
        found.find(different).unwrap_or(Ordering::Equal)
    })
}

impl RealHalf {
    /// Memory in bytes without the matrix.
    pub(crate) fn memory(&self) -> u64 {
        self.form.memory() + 2 * self.form.whole() as u64 + self.form.len() as u64
    }

    /// Whether a gauge leaves one real number of every complex one.
    pub fn has_gauge(&self) -> bool {
        self.colours.is_some()
    }

    /// The colour of an unknown in the gauge.
    pub(crate) fn colour(&self, unknown: usize) -> bool {
        self.colours.as_ref().is_some_and(|colours| colours[unknown])
    }

    /// All rows, some at a time.
    fn batches(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        batches(self.form.len())
    }
}

/// Sums entries of the same element, and drops what is only rounding.
fn merge(entries: &mut Vec<Entry>) {
    entries.sort_by_key(|e| (e.unknown, e.conjugate));
    let mut kept = 0;
    let mut at = 0;
    while at < entries.len() {
        let Entry { unknown, conjugate, .. } = entries[at];
        let same = |e: &&Entry| (e.unknown, e.conjugate) == (unknown, conjugate);
        let (mut value, mut size, mut count) = (Complex64::ZERO, 0.0, 0);
        for entry in entries[at..].iter().take_while(same) {
            value += entry.value;
            size += entry.value.norm();
            count += 1;
        }
        at += count;
        let clean = |x: f64| if x.abs() <= ROUNDING * size { 0.0 } else { x };
        let value = Complex64::new(clean(value.re), clean(value.im));
        if value != Complex64::ZERO {
            entries[kept] = Entry { unknown, conjugate, value };
            kept += 1;
        }
    }
    entries.truncate(kept);
}

/// The real generator, acting on vectors of unknowns.
pub struct RealGenerator {
    matrix: RealMatrix,
    norm: f64,
    rectangle: (f64, f64, f64),
}

impl RealGenerator {
    /// The generator with these `elements`; `None` if `halt` ends the work.
    pub fn new(half: &StoredHalf, real: &RealHalf, elements: &Elements, halt: &dyn Halt) -> Option<Self> {
        let matrix = half.matrix(real, elements, halt)?;
        let (norm, rectangle) = (matrix.norm(), rectangle(half.layout, &elements.effective, halt)?);
        Some(Self { matrix, norm, rectangle })
    }
}

impl LinearOperator for RealGenerator {
    fn dim(&self) -> usize {
        self.matrix.dim()
    }

    fn apply(&self, x: &[f64], out: &mut [f64]) {
        self.matrix.apply(x, out);
    }

    fn apply_recurrence(&self, coefficients: [f64; 3], x: &[f64], before: &[f64], out: &mut [f64]) {
        self.matrix.apply_recurrence(coefficients, x, before, out);
    }

    fn norm_bound(&self) -> f64 {
        self.norm
    }

    fn spectral_box(&self) -> Option<(f64, f64, f64)> {
        Some(self.rectangle)
    }
}
