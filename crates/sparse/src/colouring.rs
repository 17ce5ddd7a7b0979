//! Two colours under relations between pairs.

/// Unknowns with one of two colours each, under relations between pairs: a disjoint-set forest that keeps
/// the parity of every unknown against its root (R. E. Tarjan, J. ACM 22, 215 (1975)).
///
/// Every connected part is fixed up to an exchange of its colours; the first unknown that was made has the
/// colour `false` where it is connected.
#[derive(Debug, Clone)]
pub struct Colouring {
    parent: Vec<u32>,
    /// Whether the colour differs from that of the parent.
    differs: Vec<bool>,
    rank: Vec<u8>,
}

impl Colouring {
    /// `count` unknowns without relations.
    pub fn new(count: usize) -> Self {
        Self { parent: (0..count as u32).collect(), differs: vec![false; count], rank: vec![0; count] }
    }

    /// Demands that `a` and `b` have different colours, or equal ones; false if that contradicts what was
    /// demanded before.
    pub fn relate(&mut self, a: usize, b: usize, different: bool) -> bool {
        let ((a, odd_a), (b, odd_b)) = (self.root(a), self.root(b));
        let odd = odd_a ^ odd_b ^ different;
        if a == b {
            return !odd;
        }
        let (low, high) = if self.rank[a] < self.rank[b] { (a, b) } else { (b, a) };
        self.parent[low] = high as u32;
        self.differs[low] = odd;
        self.rank[high] += u8::from(self.rank[low] == self.rank[high]);
        true
    }

    /// The colour of an unknown, against that of the first one where they are connected.
    pub fn of(&mut self, a: usize) -> bool {
        let (root, odd) = self.root(a);
        let (first, base) = self.root(0);
        odd ^ (root == first && base)
    }

    /// The root of an unknown, and whether their colours differ; hangs what is on the way below the root.
    fn root(&mut self, a: usize) -> (usize, bool) {
        let (mut root, mut odd) = (a, false);
        while self.parent[root] as usize != root {
            odd ^= self.differs[root];
            root = self.parent[root] as usize;
        }
        let (mut at, mut left) = (a, odd);
        while self.parent[at] as usize != root && at != root {
            let next = self.parent[at] as usize;
            let differs = self.differs[at];
            self.parent[at] = root as u32;
            self.differs[at] = left;
            left ^= differs;
            at = next;
        }
        (root, odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_cycle_has_colours_and_an_odd_one_none() {
        for length in [2, 3, 10, 11, 1000, 1001] {
            let mut colours = Colouring::new(length);
            assert!((1..length).all(|k| colours.relate(k, k - 1, true)), "a chain");
            assert_eq!(colours.relate(length - 1, 0, true), length % 2 == 0, "a cycle of {length}");
            assert!((0..length).all(|k| colours.of(k) == (k % 2 == 1)), "alternating from the first");
        }
    }

    #[test]
    fn parts_are_joined_with_their_parities() {
        let mut colours = Colouring::new(6);
        assert!(colours.relate(1, 2, true) && colours.relate(4, 5, true) && colours.relate(2, 5, false));
        assert!(!colours.relate(1, 4, true) && colours.relate(1, 4, false));
        assert!(colours.relate(0, 2, false));
        assert_eq!([0, 1, 2, 4, 5].map(|k| colours.of(k)), [false, true, false, true, false]);
        assert!(!colours.relate(3, 3, true), "nothing differs from itself");
    }
}
