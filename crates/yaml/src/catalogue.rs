//! The catalogue: recipes that come with the program, to be applied as they are or to begin with. Unlike the built-in
//! templates an installation has one of them once a person applies it.

use std::sync::LazyLock;

use ingot_domain::template::Template;

use crate::parse::parse;

/// One recipe.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it says.
    pub template: Template,
    /// Its text, with its comments.
    pub yaml: &'static str,
}

const TEXTS: [&str; 8] = [
    include_str!("../../../templates/catalogue/ubuntu-basic.yaml"),
    include_str!("../../../templates/catalogue/python-basic.yaml"),
    include_str!("../../../templates/catalogue/python-ml.yaml"),
    include_str!("../../../templates/catalogue/r-stats.yaml"),
    include_str!("../../../templates/catalogue/r-research.yaml"),
    include_str!("../../../templates/catalogue/data-science.yaml"),
    include_str!("../../../templates/catalogue/java-dev.yaml"),
    include_str!("../../../templates/catalogue/deep-learning-gpu.yaml"),
];

/// Read once; the texts are part of the program, so a mistake in one is ours and every test run finds it.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let entry = |yaml| Entry {
        template: parse(yaml).expect("a recipe of the catalogue is valid"),
        yaml,
    };
    TEXTS.into_iter().map(entry).collect()
});

/// Every recipe, the simple ones first.
pub fn catalogue() -> &'static [Entry] {
    &ENTRIES
}

/// The recipe of a name.
pub fn recipe(name: &str) -> Option<&'static Entry> {
    catalogue().iter().find(|entry| entry.template.name == name)
}

/// The recipes whose name, description or packages hold every word, in upper or lower case; all of them without a word.
pub fn search(words: &str) -> Vec<&'static Entry> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let holds = |entry: &&Entry| {
        let packages = &entry.template.packages;
        let all = [&packages.system, &packages.pip, &packages.conda];
        let texts = [&entry.template.name, &entry.template.description];
        let texts = texts.into_iter().chain(all.into_iter().flatten());
        let texts: Vec<String> = texts.map(|text| text.to_lowercase()).collect();
        let found = |word: &String| texts.iter().any(|text| text.contains(word.as_str()));
        words.iter().all(found)
    };
    catalogue().iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &str) -> Vec<&'static str> {
        let found = search(words).into_iter();
        found.map(|entry| entry.template.name.as_str()).collect()
    }

    #[test]
    fn every_recipe_is_read_without_a_warning_but_of_the_probe() {
        assert_eq!(catalogue().len(), 8);
        for entry in catalogue() {
            assert_eq!(entry.template.problems(), []);
            assert_eq!(entry.template.warnings(), [], "{}", entry.template.name);
            assert_eq!(
                recipe(&entry.template.name).map(|it| it.yaml),
                Some(entry.yaml)
            );
        }
    }

    #[test]
    fn words_are_looked_for_in_names_descriptions_and_packages() {
        assert_eq!(names("PyTorch gpu"), ["deep-learning-gpu"]);
        assert_eq!(names("duckdb"), ["data-science"]);
        assert_eq!(
            names("python"),
            [
                "python-basic",
                "python-ml",
                "data-science",
                "deep-learning-gpu"
            ]
        );
        assert_eq!(names("cobol"), Vec::<&str>::new());
        assert_eq!(names(" ").len(), 8);
    }
}
