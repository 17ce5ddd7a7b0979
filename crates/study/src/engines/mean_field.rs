//! The engine of mean field as study files see it.

use serde_json::json;
use superladder_mean_field::{Limit, MeanField};

use super::choice::EngineChoice;
use super::definition::{EngineDefinition, Read};
use super::entry::{Entry, listed, read_all, set};

pub(crate) const MEAN_FIELD: EngineDefinition = EngineDefinition {
    name: "mean-field",
    summary: "the equations of the means alone, second moments those of a product state",
    stationary: "`fixed-points` in place of `steady`; no two times",
    truncated: false,
    adaptive: false,
    displaces: |_, _| Ok(false),
    listed: || listed(ENTRIES),
    of_run: &[],
    read: |section, common| {
        let mut engine = MeanField { bounds: common.bounds, ..MeanField::default() };
        set(&mut engine.method, common.method.clone());
        let options = read_all(ENTRIES, section, &mut engine)?;
        let method = Some(engine.method.clone());
        Ok(Read { choice: EngineChoice::MeanField(engine), options, method })
    },
};

const ENTRIES: &[Entry<MeanField>] = &[
    Entry {
        name: "limit",
        default: None,
        allowed: "infinite or finite",
        meaning: "leading order as N grows, or order 1 at the sizes of the model",
        read: |key, engine| {
            let finite = key.word("limit", &["infinite", "finite"])?.map(|word| word == "finite");
            set(&mut engine.limit, finite.map(|yes| if yes { Limit::Finite } else { Limit::Infinite }));
            Ok(())
        },
        shown: Some(|engine| match engine.limit {
            Limit::Infinite => json!("infinite"),
            Limit::Finite => json!("finite"),
        }),
    },
    Entry {
        name: "gilbert",
        default: Some("no Gilbert damping"),
        allowed: "a list of numbers, one per mode",
        meaning: "(1 + i gilbert/2) da/dt = ..., in place of the channel 'cavity-loss'",
        read: |key, engine| {
            set(&mut engine.gilbert, key.section.numbers(key.name)?);
            Ok(())
        },
        shown: Some(|engine| json!(engine.gilbert)),
    },
];
