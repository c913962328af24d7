//! What the files of one import say of each other: two of one name, and circles of parents.

use std::collections::BTreeMap;

use super::Read;

/// Refuses the second file of a name: it would become the next revision of the first.
pub(super) fn refuse_twins(all: &mut [Read]) {
    let mut first = BTreeMap::new();
    for one in all {
        let Some(name) = one.name().filter(|name| !name.is_empty() && name != "~") else {
            continue;
        };
        let file = one.file.display().to_string();
        match first.get(&name) {
            Some(other) => {
                one.text = Err(vec![format!(
                    "name: `{name}`: `{other}` gives this name, too, and `{file}` would overwrite it: give one of them another name, or take it out of the folder"
                )]);
            }
            None => {
                first.insert(name, file);
            }
        }
    }
}

/// Refuses every file of a circle, with its path.
pub(super) fn refuse_circles(all: &mut [Read]) {
    let of = |one: &Read| Some((one.name()?, one.parent()?));
    let parents: BTreeMap<String, String> = all.iter().filter_map(of).collect();
    for one in all {
        let Some(name) = one.name() else {
            continue;
        };
        let mut path = vec![name.clone()];
        let mut next = parents.get(&name);
        while let Some(parent) = next {
            let seen = path.contains(parent);
            path.push(parent.clone());
            if seen {
                break;
            }
            next = parents.get(parent);
        }
        // A path that ends in another circle is refused there.
        if path.len() > 1 && path.last() == Some(&name) {
            let parent = &path[1];
            let path = path.join(" → ");
            one.text = Err(vec![format!(
                "inherits: `{parent}`: the template would go on from itself: {path}; take one of these out of the circle"
            )]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(texts: &[&str]) -> Vec<Read> {
        let read = |(i, text): (usize, &&str)| Read {
            file: format!("{i}.yaml").into(),
            text: Ok((*text).to_owned()),
            converted: false,
            kept: Vec::new(),
        };
        texts.iter().enumerate().map(read).collect()
    }

    fn wrong(one: &Read) -> String {
        let wrong = one.text.as_ref().err();
        wrong.map(|all| all.concat()).unwrap_or_default()
    }

    #[test]
    fn the_second_of_a_name_is_refused_with_both_files() {
        let mut all = reads(&["name: a\n", "name: b\n", "name: a\n", "name:\n", "name:\n"]);
        refuse_twins(&mut all);
        let told = wrong(&all[2]);
        assert!(
            told.contains("`0.yaml`") && told.contains("`2.yaml`"),
            "{told}"
        );
        for i in [0, 1, 3, 4] {
            assert_eq!(wrong(&all[i]), "");
        }
    }

    #[test]
    fn circles_are_refused_with_their_paths() {
        let mut all = reads(&[
            "name: a\ninherits: b\n",
            "name: b\ninherits: a@2\n",
            "name: c\ninherits: a\n",
            "name: d\ninherits: d\n",
            "name: e\n",
        ]);
        refuse_circles(&mut all);
        assert!(wrong(&all[0]).contains("a → b → a"), "{}", wrong(&all[0]));
        assert!(wrong(&all[1]).contains("b → a → b"), "{}", wrong(&all[1]));
        assert!(wrong(&all[3]).contains("d → d"), "{}", wrong(&all[3]));
        assert_eq!(wrong(&all[2]) + &wrong(&all[4]), "");
    }
}
