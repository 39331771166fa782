//! Checks of who depends on whom, over cargo's own resolution.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Finding;
use crate::workspace;

/// Crates that hold no I/O.
const SOCKETLESS: [&str; 3] = ["whimbrel-schema", "whimbrel-engine", "whimbrel-query"];
/// Dependencies that open sockets or database files.
const SOCKETS: [&str; 12] = [
    "tokio",
    "tokio-postgres",
    "tokio-rustls",
    "rusqlite",
    "mongodb",
    "redis",
    "hyper",
    "reqwest",
    "socket2",
    "mio",
    "async-std",
    "rustls",
];
/// The engines.
const ENGINES: [&str; 4] = ["whimbrel-postgres", "whimbrel-sqlite", "whimbrel-mongo", "whimbrel-documents"];
/// The command-line program.
const CLI: &str = "whimbrel-cli";
/// Bindings to OpenSSL; TLS is Rust's own.
const OPENSSL: [&str; 3] = ["openssl", "openssl-sys", "native-tls"];
/// The crates that may use `anyhow`, since nobody matches on their errors.
const UNTYPED_ERRORS: [&str; 2] = ["xtask", "whimbrel-testkit"];

/// The normal dependencies (neither for tests nor for build scripts) of every package, by name.
#[derive(Debug, Default)]
struct Graph {
    direct: BTreeMap<String, BTreeSet<String>>,
    members: BTreeSet<String>,
}

impl Graph {
    fn parse(metadata: &Value) -> Result<Self> {
        let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
        let names: BTreeMap<&str, &str> = packages
            .iter()
            .filter_map(|package| Some((package["id"].as_str()?, package["name"].as_str()?)))
            .collect();
        let name = |id: &Value| {
            id.as_str()
                .and_then(|id| names.get(id))
                .map(|name| (*name).to_owned())
                .context("cargo metadata names an unknown package")
        };
        let mut graph = Self::default();
        for id in metadata["workspace_members"].as_array().context("cargo metadata without members")? {
            graph.members.insert(name(id)?);
        }
        for node in metadata["resolve"]["nodes"].as_array().context("cargo metadata without a resolution")? {
            let direct = graph.direct.entry(name(&node["id"])?).or_default();
            for dependency in node["deps"].as_array().into_iter().flatten() {
                let kinds = dependency["dep_kinds"]
                    .as_array()
                    .context("cargo metadata without kinds of dependencies")?;
                if kinds.iter().any(|kind| kind["kind"].is_null()) {
                    direct.insert(name(&dependency["pkg"])?);
                }
            }
        }
        Ok(graph)
    }

    /// Everything that `package` needs, with the dependency through which it is needed.
    fn closure(&self, package: &str) -> BTreeMap<&str, &str> {
        let mut found = BTreeMap::new();
        let mut open: Vec<(&str, &str)> = self
            .direct
            .get(package)
            .into_iter()
            .flatten()
            .map(|name| (name.as_str(), name.as_str()))
            .collect();
        while let Some((name, through)) = open.pop() {
            if found.insert(name, through).is_none() {
                open.extend(self.direct.get(name).into_iter().flatten().map(|next| (next.as_str(), through)));
            }
        }
        found
    }
}

/// Asks cargo for the resolved dependencies of the workspace.
pub(super) fn metadata(root: &Path) -> Result<Value> {
    let output = Command::new(workspace::cargo())
        .args(["metadata", "--format-version=1", "--quiet"])
        .current_dir(root)
        .output()
        .context("start cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("read cargo metadata")
}

/// Dependencies point one way.
pub(super) fn check(metadata: &Value) -> Result<Vec<Finding>> {
    let graph = Graph::parse(metadata)?;
    let mut findings = Vec::new();
    let mut forbid = |package: &str, forbidden: &[&str], reason: &str| {
        let closure = graph.closure(package);
        for name in forbidden.iter().filter(|name| **name != package) {
            if let Some(through) = closure.get(name) {
                findings.push(Finding::failure(
                    package,
                    format!("depends on {name} (through {through}): {reason}"),
                ));
            }
        }
    };
    for package in SOCKETLESS {
        forbid(package, &SOCKETS, "it opens no socket");
        forbid(package, &ENGINES, "engines depend on it, not it on them");
        forbid(package, &[CLI], "nothing depends on the CLI");
    }
    for package in ENGINES {
        forbid(package, &ENGINES, "no engine depends on another");
        forbid(package, &[CLI], "nothing depends on the CLI");
    }
    forbid("whimbrel-lifecycle", &ENGINES, "it knows engines by their capabilities only");
    forbid("whimbrel-lifecycle", &[CLI], "nothing depends on the CLI");
    for package in &graph.members {
        forbid(package, &OPENSSL, "TLS is rustls only");
        if package != "xtask" {
            forbid(package, &["whimbrel-testkit", "xtask"], "test tools are never part of the product");
        }
        let direct = graph.direct.get(package).is_some_and(|direct| direct.contains("anyhow"));
        if direct && !UNTYPED_ERRORS.contains(&package.as_str()) {
            forbid(package, &["anyhow"], "a user-reachable error has a type and a code");
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata of packages with their normal dependencies, and `dev` ones after a `|`.
    fn metadata_of(packages: &[(&str, &str)]) -> Value {
        let packages: Vec<(&str, Vec<(String, Value)>)> = packages
            .iter()
            .map(|(name, dependencies)| {
                let (normal, dev) = dependencies.split_once('|').unwrap_or((dependencies, ""));
                let of = |list: &str, kind: Value| {
                    list.split_whitespace().map(|name| (name.to_owned(), kind.clone())).collect::<Vec<_>>()
                };
                (*name, [of(normal, Value::Null), of(dev, Value::from("dev"))].concat())
            })
            .collect();
        let node = |(name, dependencies): &(&str, Vec<(String, Value)>)| {
            let deps: Vec<Value> = dependencies
                .iter()
                .map(|(name, kind)| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]}))
                .collect();
            serde_json::json!({"id": name, "deps": deps})
        };
        serde_json::json!({
            "packages": packages.iter().map(|(name, _)| serde_json::json!({"id": name, "name": name})).collect::<Vec<_>>(),
            "workspace_members": packages.iter().filter(|(name, _)| name.starts_with("whimbrel") || *name == "xtask").map(|(name, _)| *name).collect::<Vec<_>>(),
            "resolve": {"nodes": packages.iter().map(node).collect::<Vec<_>>()},
        })
    }

    fn messages(packages: &[(&str, &str)]) -> Vec<String> {
        let findings = check(&metadata_of(packages)).unwrap();
        findings.into_iter().map(|finding| format!("{}: {}", finding.place, finding.message)).collect()
    }

    #[test]
    fn a_sound_workspace_has_no_findings() {
        let found = messages(&[
            ("whimbrel-schema", "serde | tokio whimbrel-testkit"),
            ("whimbrel-engine", "whimbrel-schema"),
            ("whimbrel-postgres", "whimbrel-engine tokio"),
            ("whimbrel-lifecycle", "whimbrel-engine | whimbrel-postgres"),
            ("whimbrel-cli", "whimbrel-lifecycle whimbrel-postgres"),
            ("whimbrel-testkit", "anyhow"),
            ("xtask", "anyhow whimbrel-testkit"),
            ("serde", ""),
            ("tokio", ""),
            ("anyhow", ""),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn each_rule_finds_its_breach() {
        let base = [
            ("tokio", ""),
            ("http", "tokio"),
            ("anyhow", ""),
            ("openssl", ""),
            ("whimbrel-testkit", ""),
            ("whimbrel-sqlite", ""),
            ("whimbrel-cli", ""),
        ];
        let cases = [
            (
                ("whimbrel-schema", "http"),
                "whimbrel-schema: depends on tokio (through http): it opens no socket",
            ),
            (
                ("whimbrel-engine", "whimbrel-sqlite"),
                "whimbrel-engine: depends on whimbrel-sqlite (through whimbrel-sqlite): engines depend on it, not it on them",
            ),
            (
                ("whimbrel-postgres", "whimbrel-sqlite"),
                "whimbrel-postgres: depends on whimbrel-sqlite (through whimbrel-sqlite): no engine depends on another",
            ),
            (
                ("whimbrel-mongo", "whimbrel-cli"),
                "whimbrel-mongo: depends on whimbrel-cli (through whimbrel-cli): nothing depends on the CLI",
            ),
            (
                ("whimbrel-lifecycle", "whimbrel-sqlite"),
                "whimbrel-lifecycle: depends on whimbrel-sqlite (through whimbrel-sqlite): it knows engines by their capabilities only",
            ),
            (("whimbrel", "openssl"), "whimbrel: depends on openssl (through openssl): TLS is rustls only"),
            (
                ("whimbrel", "whimbrel-testkit"),
                "whimbrel: depends on whimbrel-testkit (through whimbrel-testkit): test tools are never part of the product",
            ),
            (
                ("whimbrel", "anyhow"),
                "whimbrel: depends on anyhow (through anyhow): a user-reachable error has a type and a code",
            ),
        ];
        for (package, expected) in cases {
            let mut packages = base.to_vec();
            packages.push(package);
            assert_eq!(messages(&packages), [expected]);
        }
    }
}
