//! Foreign keys and unique constraints.

use super::Generator;
use super::fields::is_keyable;
use crate::model::{
    Deferral, Field, FieldType, ForeignKey, Model, Reference, ReferentialAction, Scalar, Unique,
};

impl Generator {
    /// Foreign keys between the tables, forward and backward and to the table itself.
    pub(super) fn relations(&mut self) {
        for at in 0..self.schema.models.len() {
            for _ in 0..self.random.below(3) {
                self.reference(at);
            }
            if self.random.percent(25) {
                self.composite(at);
            }
        }
    }

    fn reference(&mut self, at: usize) {
        let own = self.schema.models[at].name.clone();
        let to_itself = self.random.percent(20);
        let models = &self.schema.models;
        let target = if to_itself { &models[at] } else { &models[self.random.below(models.len())] };
        let Some((target_field, is_id)) = referable(target, &mut self.random) else { return };
        let target_name = target.name.clone();
        self.histogram.count("references");
        if !is_id {
            self.histogram.count("reference to unique");
        }
        if target_name == own {
            self.histogram.count("references self");
        }
        let number = self.number();
        let mut field = referring(format!("other_{number}"), &target_field);
        let (on_delete, on_update, deferral) = self.actions();
        field.references = Some(Reference {
            model: target_name.clone(),
            field: target_field.name.clone(),
            on_delete,
            on_update,
            deferral,
            name: self.chance(20, "references name").then(|| format!("refers {number}")),
        });
        if self.chance(15, "foreign_key second") {
            let (on_delete, on_update, deferral) = self.actions();
            let key = ForeignKey {
                fields: vec![field.name.clone()],
                model: target_name,
                references: vec![target_field.name],
                on_delete,
                on_update,
                deferral,
                name: self.chance(50, "foreign_key name").then(|| format!("fk_{number}")),
            };
            self.schema.models[at].foreign_keys.push(key);
        }
        self.schema.models[at].fields.push(field);
    }

    fn composite(&mut self, at: usize) {
        let targets: Vec<Model> = (self.schema.models.iter())
            .filter(|model| model.fields.iter().filter(|field| field.id).count() == 2)
            .cloned()
            .collect();
        let Some(target) = self.random.pick(&targets).cloned() else { return };
        self.histogram.count("foreign_key composite");
        let number = self.number();
        let ids: Vec<&Field> = target.fields.iter().filter(|field| field.id).collect();
        let mut fields = Vec::new();
        for id in &ids {
            let field = referring(format!("{}_{number}", id.name), id);
            fields.push(field.name.clone());
            self.schema.models[at].fields.push(field);
        }
        let (on_delete, on_update, deferral) = self.actions();
        let key = ForeignKey {
            fields,
            model: target.name.clone(),
            references: ids.iter().map(|id| id.name.clone()).collect(),
            on_delete,
            on_update,
            deferral,
            name: self.chance(30, "foreign_key name").then(|| format!("fk_{number}")),
        };
        self.schema.models[at].foreign_keys.push(key);
    }

    fn actions(&mut self) -> (ReferentialAction, ReferentialAction, Deferral) {
        let (on_delete, delete_kind) = self.random.one([
            (ReferentialAction::NoAction, "on_delete NoAction"),
            (ReferentialAction::Restrict, "on_delete Restrict"),
            (ReferentialAction::Cascade, "on_delete Cascade"),
            (ReferentialAction::SetNull, "on_delete SetNull"),
            (ReferentialAction::SetDefault, "on_delete SetDefault"),
        ]);
        let (on_update, update_kind) = self.random.one([
            (ReferentialAction::NoAction, "on_update NoAction"),
            (ReferentialAction::Restrict, "on_update Restrict"),
            (ReferentialAction::Cascade, "on_update Cascade"),
            (ReferentialAction::SetNull, "on_update SetNull"),
            (ReferentialAction::SetDefault, "on_update SetDefault"),
        ]);
        self.histogram.count(delete_kind);
        self.histogram.count(update_kind);
        let deferral = if self.chance(15, "deferrable") {
            Deferral::InitiallyImmediate
        } else if self.chance(15, "deferred") {
            Deferral::InitiallyDeferred
        } else {
            Deferral::NotDeferrable
        };
        (on_delete, on_update, deferral)
    }

    /// Uniques, checks and indexes of one table.
    pub(super) fn constraints(&mut self, at: usize) {
        let mut model = self.schema.models[at].clone();
        self.uniques(&mut model);
        self.checks(&mut model);
        self.indexes(&mut model);
        self.schema.models[at] = model;
    }

    fn uniques(&mut self, model: &mut Model) {
        let keyable: Vec<String> = (model.fields.iter())
            .filter(|field| is_keyable(field) && !field.id && !field.unique)
            .map(|field| field.name.clone())
            .collect();
        // Neighbours, so that no two constraints are over the same fields.
        for pair in keyable.chunks_exact(2).take(3) {
            if !self.chance(30, "unique on model") {
                continue;
            }
            let number = self.number();
            let deferral = if self.server_chance(20, "unique deferrable") {
                self.random.one([Deferral::InitiallyImmediate, Deferral::InitiallyDeferred])
            } else {
                Deferral::NotDeferrable
            };
            let id = model.fields[0].name.clone();
            model.uniques.push(Unique {
                fields: pair.to_vec(),
                name: self.chance(30, "unique name").then(|| format!("Unique {number}")),
                nulls_not_distinct: self.server_chance(20, "unique nulls_not_distinct"),
                deferral,
                include: if self.server_chance(20, "unique include") { vec![id] } else { Vec::new() },
            });
        }
    }
}

/// A field that a foreign key may refer to, and whether it is the id.
fn referable(model: &Model, random: &mut super::Random) -> Option<(Field, bool)> {
    let ids: Vec<&Field> = model.fields.iter().filter(|field| field.id).collect();
    let uniques: Vec<&Field> = (model.fields.iter())
        .filter(|field| field.unique && matches!(field.ty, FieldType::Scalar(_)))
        .collect();
    if let Some(&unique) = random.pick(&uniques)
        && random.percent(60)
    {
        return Some((unique.clone(), false));
    }
    match ids.as_slice() {
        [id] => Some(((*id).clone(), true)),
        _ => None,
    }
}

/// A field that can hold what the other holds. It may be empty, so that every action can be taken.
fn referring(name: String, target: &Field) -> Field {
    let ty = match &target.ty {
        FieldType::Scalar(scalar) => *scalar,
        _ => Scalar::String,
    };
    Field {
        optional: true,
        varchar: target.varchar,
        decimal: target.decimal,
        collation: target.collation.clone(),
        ..Field::new(name, FieldType::Scalar(ty))
    }
}
