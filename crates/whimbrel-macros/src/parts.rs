//! The JSON description of a declaration, in parts.
//!
//! Whether a named type is an enum or an embedded struct is known to the compiler only, so the
//! description is a list of texts of which some come from the type itself.

use proc_macro2::TokenStream;
use quote::quote;
use serde::Serialize;
use whimbrel_schema::model::{Field, FieldType};

/// Stands before the number of a type in the JSON text; no Rust name holds it.
const MARK: char = '\u{1}';

/// The description's parts as an expression of type `&'static [&'static str]`.
///
/// `types` gives the Rust type of each named field type, in the order of `fields`.
pub(crate) fn description<T: Serialize + Clone>(
    declaration: &T,
    fields: impl Fn(&mut T) -> &mut Vec<Field>,
    types: &[TokenStream],
) -> TokenStream {
    let mut marked = declaration.clone();
    let mut names = Vec::new();
    for field in fields(&mut marked) {
        if let Some(name) = named(&mut field.ty) {
            names.push(std::mem::replace(name, format!("{MARK}{}", names.len())));
        }
    }
    let json = serde_json::to_string(&marked).expect("a declaration always has a JSON form");
    let mut parts = Vec::new();
    let mut rest = json.as_str();
    for (number, (name, ty)) in names.iter().zip(types).enumerate() {
        let marker = format!("\"enum\":\"\\u0001{number}\"");
        let at = rest.find(&marker).expect("each mark stands in the JSON text");
        let before = format!("{}\"", &rest[..at]);
        let after = format!("\":\"{name}\"");
        parts.push(quote!(#before, <#ty as ::whimbrel::typing::Declared>::KIND, #after));
        rest = &rest[at + marker.len()..];
    }
    parts.push(quote!(#rest));
    quote!(&[#(#parts),*])
}

/// The name of an enum or embedded struct.
pub(crate) fn named(ty: &mut FieldType) -> Option<&mut String> {
    match ty {
        FieldType::Enum(name) | FieldType::Embedded(name) => Some(name),
        FieldType::List(element) => named(element),
        FieldType::Scalar(_) => None,
    }
}
