//! No test file is forgotten.

use crate::project::source_folder;

#[test]
fn every_file_is_a_module_of_the_test_binary() {
    let main = std::fs::read_to_string(source_folder("main.rs")).unwrap();
    for entry in std::fs::read_dir(source_folder("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") {
            assert!(main.contains(&format!("mod {module};")), "main.rs does not name {name}");
        }
    }
}
