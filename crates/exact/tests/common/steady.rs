//! Numbers of independent code on stationary states and two times.

use serde_json::Value;
use superladder_model::{Model, ModelBuilder};

/// A file of `data/reference`.
pub fn numbers_of(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference");
    let text = std::fs::read_to_string(format!("{folder}/{file}")).expect("present");
    serde_json::from_str(&text).expect("JSON")
}

/// Entries of one kind of `steady_and_more.json`.
pub fn entries(kind: &str) -> Vec<Value> {
    let all = numbers_of("steady_and_more.json")["entries"].as_array().expect("a list").clone();
    all.into_iter().filter(|entry| entry["kind"] == kind).collect()
}

/// A number, or a fraction as a text.
pub fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some(text) => {
            let (a, b) = text.split_once('/').expect("a fraction");
            a.parse::<f64>().expect("a number") / b.parse::<f64>().expect("a number")
        }
        None => value.as_f64().expect("a number"),
    }
}

/// The reference model at the numbers of an entry.
pub fn model_of(entry: &Value) -> ModelBuilder {
    let n = number(&entry["N"]) as usize;
    let gamma_up = number(&entry["gamma_up"]);
    Model::builder()
        .mode("a", 1.0)
        .ensemble("S", n, 1.0)
        .ensemble("T", n, 1.0)
        .interaction("dicke", ["a", "S"], number(&entry["lambda"]))
        .interaction("tavis-cummings", ["a", "T"], 0.1)
        .interaction("exchange", ["S", "T"], 0.1)
        .channel("cavity-loss", "a", 0.06)
        .channel("pumping", "T", gamma_up)
        .channel("emission", "T", 1.0 - gamma_up)
}
