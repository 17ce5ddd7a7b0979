//! Which blocks of the density matrix lead into which: classes that are never left, and what keeps them.

use superladder_model::Model;
use superladder_space::Space;

use crate::generator::Elements;

/// Diagonal blocks (sector, charge group) that reach each other, if nothing leads out of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Class {
    /// The blocks, sorted.
    pub(crate) blocks: Vec<(usize, usize)>,
}

/// The closed classes and everything else.
#[derive(Debug, Clone, Default)]
pub(crate) struct Classes {
    pub(crate) closed: Vec<Class>,
    /// Blocks that a state leaves for good.
    pub(crate) transient: Vec<(usize, usize)>,
}

impl Classes {
    /// Finds the classes from the jumps between blocks.
    pub(crate) fn find(space: &Space, elements: &Elements) -> Self {
        let mut blocks = Vec::new();
        let mut first = Vec::new();
        for (sector, basis) in space.sectors().iter().enumerate() {
            first.push(blocks.len());
            blocks.extend((0..basis.groups().len()).map(|group| (sector, group)));
        }
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); blocks.len()];
        let group_of: Vec<Vec<usize>> = space
            .sectors()
            .iter()
            .map(|s| s.groups().iter().enumerate().flat_map(|(g, (_, r))| vec![g; r.len()]).collect())
            .collect();
        for jump in &elements.jumps {
            for (_, (row, column)) in &jump.matrix {
                let from = first[jump.source] + group_of[jump.source][column];
                next[from].push(first[jump.target] + group_of[jump.target][row]);
            }
        }
        for list in &mut next {
            list.sort_unstable();
            list.dedup();
        }
        let component = components(&next);
        let count = component.iter().max().map_or(0, |c| c + 1);
        let mut closed = vec![true; count];
        for (from, list) in next.iter().enumerate() {
            if list.iter().any(|to| component[*to] != component[from]) {
                closed[component[from]] = false;
            }
        }
        let mut found = Self { closed: vec![Class { blocks: Vec::new() }; count], transient: Vec::new() };
        for (number, block) in blocks.iter().enumerate() {
            if closed[component[number]] {
                found.closed[component[number]].blocks.push(*block);
            } else {
                found.transient.push(*block);
            }
        }
        found.closed.retain(|class| !class.blocks.is_empty());
        found.closed.sort_by(|a, b| a.blocks.cmp(&b.blocks));
        found
    }
}

/// Number of the strongly connected component of every node (R. E. Tarjan, SIAM J. Comput. 1, 146 (1972),
/// without recursion).
fn components(next: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let n = next.len();
    let (mut order, mut low, mut component) = (vec![NONE; n], vec![0; n], vec![NONE; n]);
    let (mut stack, mut calls) = (Vec::new(), Vec::new());
    let (mut counter, mut count) = (0, 0);
    for root in 0..n {
        if order[root] != NONE {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, place)) = calls.pop() {
            if place == 0 {
                (order[node], low[node]) = (counter, counter);
                counter += 1;
                stack.push(node);
            } else {
                let child = next[node][place - 1];
                low[node] = low[node].min(low[child]);
            }
            let mut descended = false;
            for (offset, &child) in next[node].iter().enumerate().skip(place) {
                if order[child] == NONE {
                    calls.push((node, offset + 1));
                    calls.push((child, 0));
                    descended = true;
                    break;
                }
                if component[child] == NONE {
                    low[node] = low[node].min(order[child]);
                }
            }
            if !descended && low[node] == order[node] {
                while let Some(member) = stack.pop() {
                    component[member] = count;
                    if member == node {
                        break;
                    }
                }
                count += 1;
            }
        }
    }
    component
}

impl Class {
    pub(crate) fn holds(&self, sector: usize, group: usize) -> bool {
        self.blocks.binary_search(&(sector, group)).is_ok()
    }

    /// What keeps a state in the class: the ladders of ensembles that have others, and the charges if not all
    /// of them are in it.
    pub(crate) fn conserved(&self, space: &Space, model: &Model) -> String {
        let mut words = Vec::new();
        let sectors: Vec<usize> = self.blocks.iter().map(|b| b.0).collect();
        for (e, ensemble) in model.ensembles().iter().enumerate() {
            let all = |list: &mut dyn Iterator<Item = usize>| -> Vec<usize> {
                let mut found: Vec<usize> = list.map(|s| space.sectors()[s].twice_j[e]).collect();
                found.sort_unstable();
                found.dedup();
                found
            };
            let inside = all(&mut sectors.iter().copied());
            if inside.len() < all(&mut (0..space.sectors().len())).len() {
                let half = |twice: &usize| {
                    if twice.is_multiple_of(2) { (twice / 2).to_string() } else { format!("{twice}/2") }
                };
                let list: Vec<String> = inside.iter().map(half).collect();
                words.push(format!("ladder j = {} of '{}'", list.join(", "), ensemble.name));
            }
        }
        let names = space.charges().describe(model);
        for (number, name) in names.iter().enumerate() {
            let mut values: Vec<i64> = self
                .blocks
                .iter()
                .map(|(sector, group)| space.sectors()[*sector].groups()[*group].0[number])
                .collect();
            values.sort_unstable();
            values.dedup();
            let mut all: Vec<i64> =
                space.sectors().iter().flat_map(|s| s.groups().iter().map(|(c, _)| c[number])).collect();
            all.sort_unstable();
            all.dedup();
            if values.len() < all.len() {
                let list: Vec<String> = values.iter().take(4).map(ToString::to_string).collect();
                let more = if values.len() > 4 { ", ..." } else { "" };
                words.push(format!("{name} = {}{more}", list.join(", ")));
            }
        }
        if words.is_empty() { "the trace alone".into() } else { words.join("; ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_those_of_a_drawn_graph() {
        // 0 <-> 1 -> 2 <-> 3, 4 -> 4 alone, 2 -> 5 -> 2
        let next = [vec![1], vec![0, 2], vec![3, 5], vec![2], vec![4], vec![2]];
        let found = components(&next);
        assert_eq!(found[0], found[1]);
        assert!(found[2] == found[3] && found[3] == found[5] && found[2] != found[0]);
        assert!(found[4] != found[0] && found[4] != found[2]);
    }
}
