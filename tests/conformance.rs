//! Every channel x every interaction x several sizes against the dense brute force, and the built-in checks.

use superladder::verify::{GROUPS, conformance};

const SIZES: [(usize, usize); 6] = [(1, 1), (2, 1), (2, 2), (2, 3), (3, 0), (0, 3)];

#[test]
fn every_channel_and_interaction_agrees_with_brute_force() {
    let mut count = 0;
    for sizes in SIZES {
        let found = conformance(sizes).expect("the tables' examples are valid");
        println!("{sizes:?}: {found:?}");
        assert!(found.generator < 1e-12 && found.assembled < 1e-13 && found.trace < 1e-12, "{found:?}");
        count += found.cases;
    }
    assert!(count > 300, "{count}");
}

#[test]
fn the_built_in_checks_hold() {
    for group in GROUPS {
        for check in (group.run)().expect("runs") {
            assert!(check.holds(), "{}: {check:?}", group.name);
        }
    }
}
