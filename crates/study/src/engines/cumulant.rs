//! The engine of moment equations as study files see it.

use serde_json::json;
use superladder_cumulant::{CLOSURES, Closure, Cumulant};

use super::choice::EngineChoice;
use super::definition::{EngineDefinition, Read};
use super::entry::{Entry, listed, read_all, set};
use crate::error::Fault;

pub(super) const CUMULANT: EngineDefinition = EngineDefinition {
    name: "cumulant",
    summary: "moment equations derived from the model, joint cumulants above an order set to zero",
    stationary: "`steady`; `spectrum`: correlations of at most `order` operators, and spectra",
    truncated: false,
    adaptive: false,
    displaces: |_, _| Ok(false),
    listed: || listed(ENTRIES),
    of_run: &[],
    read: |section, common| {
        let mut engine = Cumulant { bounds: common.bounds, ..Cumulant::default() };
        set(&mut engine.method, common.method.clone());
        let options = read_all(ENTRIES, section, &mut engine)?;
        engine.closure.check_order(engine.order).map_err(|e| {
            let conflict = Fault::Conflict { of: section.of().to_owned(), conflict: e.to_string() };
            section.fault("order", conflict)
        })?;
        let method = Some(engine.method.clone());
        Ok(Read { choice: EngineChoice::Cumulant(engine), options, method })
    },
};

const ENTRIES: &[Entry<Cumulant>] = &[
    Entry {
        name: "order",
        default: None,
        allowed: "1 to 6 for the closure 'sites', 2 for the others",
        meaning: "highest joint cumulant that is kept; 1 is mean field at finite N",
        read: |key, engine| {
            set(&mut engine.order, key.section.count(key.name, 1)?);
            Ok(())
        },
        shown: Some(|engine| json!(engine.order)),
    },
    Entry {
        name: "closure",
        default: None,
        allowed: "sites, symmetrised, linear-noise or casimir",
        meaning: "which cumulants vanish; the breakdown time depends on it",
        read: |key, engine| {
            let names: Vec<&str> = CLOSURES.iter().map(|c| c.name).collect();
            let closure = key.word("closure", &names)?;
            set(&mut engine.closure, closure.and_then(|name| Closure::by_name(name).ok()));
            Ok(())
        },
        shown: Some(|engine| json!(engine.closure.name())),
    },
];
