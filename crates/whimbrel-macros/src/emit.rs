//! What the derives write: descriptions, and checks by the compiler.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{GenericArgument, ItemEnum, ItemStruct, PathArguments, Type};
use whimbrel_schema::fingerprint;
use whimbrel_schema::model::{Default, Embedded, EnumType, Field, FieldType, Model, Scalar, Sequence};
use whimbrel_schema::read::DeclarationPlaces;

use crate::parts;

pub(crate) fn model(source: &ItemStruct, model: &Model, places: &DeclarationPlaces) -> TokenStream {
    let ident = &source.ident;
    let (name, table) = (&model.name, &model.table);
    let schema = option(model.schema.as_deref());
    let hash = fingerprint::of_model(model);
    let types = named_types(source, &model.fields);
    let description = parts::description(model, |model| &mut model.fields, &types);
    let fields = field_checks(source, &model.fields, places);
    let references = reference_checks(&model.fields, places);
    let keys = model.foreign_keys.iter().zip(&places.foreign_keys).flat_map(|(key, place)| {
        let count = key.fields.len();
        let model_span = place.items.last().copied().unwrap_or(place.whole);
        let spans = place.items.iter().skip(count).copied();
        key.references
            .iter()
            .zip(spans)
            .map(|(field, span)| field_use(&key.model, model_span, field, span))
            .collect::<Vec<_>>()
    });
    quote! {
        #[automatically_derived]
        impl ::whimbrel::ModelDescription for #ident {
            const NAME: &'static str = #name;
            const TABLE: &'static str = #table;
            const SCHEMA: ::core::option::Option<&'static str> = #schema;
            const HASH: &'static str = #hash;
            const DESCRIPTION: &'static [&'static str] = #description;
        }
        #fields
        #references
        #(#keys)*
    }
}

pub(crate) fn embedded(source: &ItemStruct, embedded: &Embedded, places: &DeclarationPlaces) -> TokenStream {
    let ident = &source.ident;
    let name = &embedded.name;
    let hash = fingerprint::of_embedded(embedded);
    let types = named_types(source, &embedded.fields);
    let description = parts::description(embedded, |embedded| &mut embedded.fields, &types);
    let fields = field_checks(source, &embedded.fields, places);
    let references = reference_checks(&embedded.fields, places);
    quote! {
        #[automatically_derived]
        impl ::whimbrel::typing::Declared for #ident {
            const KIND: &'static str = "embedded";
        }
        #[automatically_derived]
        impl ::whimbrel::EmbeddedDescription for #ident {
            const NAME: &'static str = #name;
            const HASH: &'static str = #hash;
            const DESCRIPTION: &'static [&'static str] = #description;
        }
        #fields
        #references
    }
}

pub(crate) fn enumeration(source: &ItemEnum, declared: &EnumType) -> TokenStream {
    let ident = &source.ident;
    let (name, type_name) = (&declared.name, declared.type_name());
    let hash = fingerprint::of_enum(declared);
    let json = serde_json::to_string(declared).expect("a declaration always has a JSON form");
    let variants: Vec<&Ident> = source.variants.iter().map(|variant| &variant.ident).collect();
    let stored: Vec<String> = declared.variants.iter().map(|variant| variant.stored()).collect();
    quote! {
        #[automatically_derived]
        impl ::whimbrel::typing::Declared for #ident {
            const KIND: &'static str = "enum";
        }
        #[automatically_derived]
        impl ::whimbrel::EnumDescription for #ident {
            const NAME: &'static str = #name;
            const TYPE_NAME: &'static str = #type_name;
            const VALUES: &'static [&'static str] = &[#(#stored),*];
            const HASH: &'static str = #hash;
            const DESCRIPTION: &'static str = #json;

            fn stored(&self) -> &'static str {
                match self {
                    #(#ident::#variants => #stored,)*
                }
            }

            fn from_stored(value: &str) -> ::core::option::Option<Self> {
                match value {
                    #(#stored => ::core::option::Option::Some(#ident::#variants),)*
                    _ => ::core::option::Option::None,
                }
            }
        }
    }
}

pub(crate) fn sequence(source: &ItemStruct, sequence: &Sequence) -> TokenStream {
    let ident = &source.ident;
    let name = &sequence.name;
    let stored = sequence.sequence.clone().unwrap_or_else(|| whimbrel_schema::model::snake_case(name));
    let hash = fingerprint::of_sequence(sequence);
    let json = serde_json::to_string(sequence).expect("a declaration always has a JSON form");
    quote! {
        #[automatically_derived]
        impl ::whimbrel::SequenceDescription for #ident {
            const NAME: &'static str = #name;
            const SEQUENCE: &'static str = #stored;
            const HASH: &'static str = #hash;
            const DESCRIPTION: &'static str = #json;
        }
    }
}

fn option(value: Option<&str>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Each field's type is the one that its name says.
fn field_checks(source: &ItemStruct, fields: &[Field], places: &DeclarationPlaces) -> TokenStream {
    let checks = source.fields.iter().zip(fields).zip(&places.members).map(|((declared, field), place)| {
        let ty = &declared.ty;
        let span = ty.span();
        let scalar = match &field.ty {
            FieldType::Scalar(scalar) => Some(*scalar),
            FieldType::List(element) => match element.as_ref() {
                FieldType::Scalar(scalar) => Some(*scalar),
                _ => None,
            },
            _ => None,
        };
        if let Some(scalar) = scalar {
            let innermost = innermost(ty);
            let expected = scalar_type(scalar);
            return quote_spanned! {span=>
                const _: () = ::whimbrel::typing::same::<#innermost, #expected>();
            };
        }
        let innermost = innermost(ty);
        if let Some(Default::Variant(variant)) = &field.default {
            let variant = Ident::new(variant, place.attributes.get("default").unwrap_or(span));
            return quote_spanned! {span=>
                const _: #innermost = <#innermost>::#variant;
            };
        }
        quote_spanned! {span=>
            const _: () = ::whimbrel::typing::declared::<#innermost>();
        }
    });
    quote!(#(#checks)*)
}

/// Each referenced field exists.
fn reference_checks(fields: &[Field], places: &DeclarationPlaces) -> TokenStream {
    let uses = fields.iter().zip(&places.members).filter_map(|(field, place)| {
        let reference = field.references.as_ref()?;
        let model_span = place.attributes.get("references").unwrap_or(place.name);
        let field_span = place.attributes.get("references.field").unwrap_or(place.name);
        Some(field_use(&reference.model, model_span, &reference.field, field_span))
    });
    quote!(#(#uses)*)
}

fn field_use(model: &str, model_span: Span, field: &str, field_span: Span) -> TokenStream {
    let model = Ident::new(model, model_span);
    let field = syn::parse_str::<Ident>(field).map_or_else(
        |_keyword| Ident::new_raw(field, field_span),
        |mut ident| {
            ident.set_span(field_span);
            ident
        },
    );
    let argument = format_ident!("model", span = Span::mixed_site());
    quote! {
        const _: fn(&#model) = |#argument| {
            let _ = &#argument.#field;
        };
    }
}

fn scalar_type(scalar: Scalar) -> TokenStream {
    let name = Ident::new(scalar.rust_name(), Span::call_site());
    match scalar {
        Scalar::String => quote!(::std::string::String),
        Scalar::Bool | Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::F64 => {
            quote!(::core::primitive::#name)
        }
        _ => quote!(::whimbrel::#name),
    }
}

/// The Rust types of the fields whose type is an enum or embedded struct.
fn named_types(source: &ItemStruct, fields: &[Field]) -> Vec<TokenStream> {
    source
        .fields
        .iter()
        .zip(fields)
        .filter(|(_, field)| parts::named(&mut field.ty.clone()).is_some())
        .map(|(declared, _)| {
            let ty = innermost(&declared.ty);
            quote!(#ty)
        })
        .collect()
}

/// `T` of `Option<Vec<T>>`.
fn innermost(ty: &Type) -> &Type {
    if let Type::Path(path) = ty
        && let Some(segment) = path.path.segments.last()
        && (segment.ident == "Option" || segment.ident == "Vec")
        && let PathArguments::AngleBracketed(arguments) = &segment.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return innermost(inner);
    }
    ty
}
