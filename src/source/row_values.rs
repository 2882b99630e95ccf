//! A row's values as a file would have them: what a database says in words of its own, or adds where
//! a join found nothing. Knows nothing of records.

use super::columns::{Holds, holds};
use crate::fields::{Node, Shape};

/// A row as a file would have it.
pub fn as_written(row: Node) -> Node {
    let Shape::Table(entries) = row.shape else { return row };
    let entries = entries.into_iter().map(|(name, place, node)| {
        let node = value_as_written(&name, node);
        (name, place, node)
    });
    Node { span: row.span, shape: Shape::Table(entries.collect()) }
}

fn value_as_written(name: &str, node: Node) -> Node {
    if !may_differ(&node.shape) {
        return node;
    }
    let Some(holds) = holds(name) else { return node };
    let Node { span, shape } = node;
    let shape = match (holds, shape) {
        // Words for what is no number become one that no rule accepts.
        (Holds::Number | Holds::Count, Shape::String(text)) => {
            not_a_number(&text).map_or(Shape::String(text), Shape::Float)
        }
        // A moment where only the day is asked for.
        (Holds::Date, Shape::String(text)) if matches!(text.as_bytes().get(10), Some(b'T' | b' ')) => Shape::Date(text),
        (Holds::Date | Holds::Count, Shape::Float(number)) => whole(number),
        // A join that found nothing.
        (Holds::List, Shape::Array(items)) => Shape::Array(items.into_iter().filter(|item| !is_null(item)).collect()),
        (Holds::Json, Shape::Array(items)) if name != "extra" => {
            Shape::Array(items.into_iter().filter(|item| !is_null(item) && !is_empty(item)).collect())
        }
        (_, shape) => shape,
    };
    Node { span, shape }
}

/// Whether a value may mean something else to a database than to a file: most do not, and are not
/// looked up.
fn may_differ(shape: &Shape) -> bool {
    match shape {
        Shape::Float(_) => true,
        Shape::String(text) => not_a_number(text).is_some() || matches!(text.as_bytes().get(10), Some(b'T' | b' ')),
        Shape::Array(items) => items.iter().any(|item| is_null(item) || is_empty(item)),
        _ => false,
    }
}

fn not_a_number(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A number that is whole, whatever type it is kept as.
fn whole(number: f64) -> Shape {
    let fits = number.fract() == 0.0 && number.abs() < 9e15;
    if fits { Shape::Integer(number as i64) } else { Shape::Float(number) }
}

fn is_null(node: &Node) -> bool {
    matches!(node.shape, Shape::Null)
}

fn is_empty(node: &Node) -> bool {
    matches!(&node.shape, Shape::Table(entries) if entries.iter().all(|(_, _, node)| is_null(node)))
}
