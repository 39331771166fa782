//! The settings as rows, for `whimbrel config`.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use super::Project;
use super::hooks::Hook;
use super::setting::{Setting, SettingRow};
use super::values::duration_text;

impl Project {
    /// Lists every setting with its value, secrets masked, and its origin.
    pub fn settings(&self) -> Vec<SettingRow> {
        let mut rows = vec![
            shown("name", &self.name),
            shown("model", &self.model),
            self.path("schema", &self.schema_path),
            self.path("migrations", &self.migrations_folder),
            self.path("seeds", &self.seeds_folder),
            shown("environment", &self.environment),
            shown("protected", &self.protected),
            shown("url", &self.url),
        ];
        rows.extend(self.pool_rows());
        rows.extend([
            shown("sqlite.synchronous", &self.sqlite.synchronous),
            time("sqlite.busy_timeout", &self.sqlite.busy_timeout),
        ]);
        rows.extend(self.postgres_rows());
        rows.extend(self.mongodb_rows());
        rows.extend([
            shown("logging.level", &self.logging.level),
            shown("logging.format", &self.logging.format),
            shown("logging.sql", &self.logging.sql),
            shown("lint.level", &self.lint.level),
            row("lint.ignore", list_or_none(&self.lint.ignore.value), &self.lint.ignore),
            shown("lint.big_table_rows", &self.lint.big_table_rows),
        ]);
        rows.extend(self.hook_rows());
        rows
    }

    fn hook_rows(&self) -> [SettingRow; 5] {
        let hooks = &self.hooks;
        let list = |key: &str, setting: &Setting<Vec<Hook>>| {
            let words: Vec<String> = setting.value.iter().map(ToString::to_string).collect();
            row(key, if words.is_empty() { "none".to_owned() } else { words.join(", ") }, setting)
        };
        [
            list("hooks.before_migrate", &hooks.before_migrate),
            list("hooks.after_migrate", &hooks.after_migrate),
            list("hooks.before_rollback", &hooks.before_rollback),
            list("hooks.after_rollback", &hooks.after_rollback),
            time("hooks.timeout", &hooks.timeout),
        ]
    }

    fn pool_rows(&self) -> [SettingRow; 11] {
        let pool = &self.pool;
        [
            shown("pool.size", &pool.size),
            shown("pool.overflow", &pool.overflow),
            shown("pool.min", &pool.min),
            time_or_off("pool.idle_time", &pool.idle_time),
            time_or_off("pool.recycle", &pool.recycle),
            shown("pool.pre_ping", &pool.pre_ping),
            time("pool.connect_timeout", &pool.connect_timeout),
            time("pool.acquire_timeout", &pool.acquire_timeout),
            time_or_off("pool.statement_timeout", &pool.statement_timeout),
            time_or_off("pool.lock_timeout", &pool.lock_timeout),
            time("pool.lease", &pool.lease),
        ]
    }

    fn postgres_rows(&self) -> [SettingRow; 6] {
        let postgres = &self.postgres;
        [
            shown("postgres.ssl_mode", &postgres.ssl_mode),
            self.optional_path("postgres.ssl_root_cert", &postgres.ssl_root_cert),
            self.optional_path("postgres.ssl_cert", &postgres.ssl_cert),
            self.optional_path("postgres.ssl_key", &postgres.ssl_key),
            shown("postgres.application_name", &postgres.application_name),
            row("postgres.schemas", postgres.schemas.join(", "), &postgres.schemas),
        ]
    }

    fn mongodb_rows(&self) -> [SettingRow; 5] {
        let mongodb = &self.mongodb;
        [
            shown("mongodb.tls", &mongodb.tls),
            self.optional_path("mongodb.tls_ca_file", &mongodb.tls_ca_file),
            self.optional_path("mongodb.tls_certificate_key_file", &mongodb.tls_certificate_key_file),
            shown("mongodb.application_name", &mongodb.application_name),
            time("mongodb.server_selection_timeout", &mongodb.server_selection_timeout),
        ]
    }

    fn optional_path(&self, key: &str, setting: &Setting<Option<std::path::PathBuf>>) -> SettingRow {
        let text = setting.value.as_deref().map(|path| self.relative(path));
        row(key, text.unwrap_or_else(|| "none".to_owned()), setting)
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.folder).unwrap_or(path).display().to_string()
    }

    fn path(&self, key: &str, setting: &Setting<std::path::PathBuf>) -> SettingRow {
        row(key, self.relative(&setting.value), setting)
    }
}

fn list_or_none(texts: &[String]) -> String {
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

fn row<T>(key: &str, value: String, setting: &Setting<T>) -> SettingRow {
    SettingRow { key: key.to_owned(), value, origin: setting.origin.clone() }
}

fn shown<T: Display>(key: &str, setting: &Setting<T>) -> SettingRow {
    row(key, setting.value.to_string(), setting)
}

fn time(key: &str, setting: &Setting<Duration>) -> SettingRow {
    row(key, duration_text(setting.value), setting)
}

fn time_or_off(key: &str, setting: &Setting<Option<Duration>>) -> SettingRow {
    row(key, setting.value.map_or_else(|| "off".to_owned(), duration_text), setting)
}
