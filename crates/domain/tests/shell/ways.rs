//! Every way of a text from the command that writes it to a second reader.

use ingot_domain::render;

use crate::{run_all, values};

/// Writers: each leaves the text in the file `f`, in `$R` or on its output.
const WRITERS: &[&str] = &[
    "echo \"{{job_name}}\"",
    "echo '{{job_name}}'",
    "printf '%s\\n' {{job_name}}",
    "cat <<EOF\n{{job_name}}\nEOF\n",
    "{ :; echo \"{{job_name}}\"; }",
    "(echo \"{{job_name}}\")",
    "gen() { echo \"{{job_name}}\"; }; gen",
    "gen() { echo \"$1\"; }; gen \"{{job_name}}\"",
    "V=\"{{job_name}}\"; echo \"$V\"",
    "V=\"{{job_name}}\"; cat <<EOF\n$V\nEOF\n",
    "echo $(echo \"{{job_name}}\")",
    "if true; then echo \"{{job_name}}\"; fi",
    "for v in 1; do echo \"{{job_name}}\"; done",
    "case a in a) echo \"{{job_name}}\";; esac",
    "echo \"{{job_name}}\" | cat",
    "set -- \"{{job_name}}\"; echo \"$1\"",
];

/// Ways of the text `W` to `f`, to `$R`, or to the output of a last command.
const WAYS: &[(&str, &[&str])] = &[
    ("{ W\n} > f\n", FILES),
    ("run() { W\n}; run >> f\n", FILES),
    ("{ W\n} | tee f >/dev/null\n", FILES),
    ("F=f; { W\n} > \"$F\"\n", FILES),
    ("{ W\n} > g; cp g f\n", FILES),
    ("{ W\n} > g; cat g > f\n", FILES),
    ("R=$( W\n)\n", VARIABLES),
    ("R=\"$( W\n)\"; S=$R; R=\"$S\"\n", VARIABLES),
    ("{ W\n} > h; read -r R < h\n", VARIABLES),
    ("{ W\n} |", PIPES),
    ("{ W\n} | cat |", PIPES),
    (
        "W\n( W\n) | {\n",
        &["sh; }", "while read -r l; do eval \"$l\"; done; }"],
    ),
];

const FILES: &[&str] = &[
    ". ./f",
    "sh f",
    "sh -e ./f",
    "sh < f",
    "cat f | sh",
    "eval \"$(cat f)\"",
    "chmod +x f; ./f",
    "chmod +x f; env A=1 ./f",
    "sh -c '. ./f'",
    "sh <<'S'\n. ./f\nS\n",
    "r() { . \"$1\"; }; r ./f",
    "r() { \"$@\"; }; r sh f",
    "while read -r l; do eval \"$l\"; done < f",
    "for n in ./f; do . \"$n\"; done",
    "N=./f; . $N",
    "C=sh; $C f",
    "exec sh f",
    "xargs -I{} sh -c '{}' < f",
];

const VARIABLES: &[&str] = &[
    "eval \"$R\"",
    "sh -c \"$R\"",
    "echo \"$R\" | sh",
    "sh <<EOF\n$R\nEOF\n",
    "trap \"$R\" EXIT",
    "r() { eval \"$1\"; }; r \"$R\"",
    "r() { \"$@\"; }; r eval \"$R\"",
    "C='sh -c'; $C \"$R\"",
    "export R; sh -c 'eval \"$R\"'",
    "find . -maxdepth 0 -exec sh -c \"$R\" \\;",
    "env sh -c \"$R\"",
    "nohup sh -ec \"$R\"",
    "echo \"$R\" > q; . ./q",
];

const PIPES: &[&str] = &[
    " sh",
    " { sh; }",
    " (sh)",
    " sh -s -- a",
    " env sh -",
    "\n# on\nsh",
    " tee f | sh",
    " { read -r R; eval \"$R\"; }",
    " if true; then sh; fi",
    " sh -c 'sh'",
    " sh -c '. /dev/stdin'",
    " xargs -I{} sh -c '{}'",
];

/// Every writer, way and reader: the shells run a second reader's text, so a value that means something there is refused.
#[test]
fn every_way_to_a_second_reader_is_seen() {
    let name = "x echo RAN >&2";
    let mut missed = Vec::new();
    let mut ran = 0;
    for writer in WRITERS {
        for (way, readers) in WAYS {
            for reader in *readers {
                let script = format!("#!/bin/sh\n{}{reader}\n", way.replace('W', writer));
                if render::script(&script, &values(name)).is_ok() {
                    missed.push(script);
                }
                ran += 1;
            }
        }
    }
    assert!(ran > 1000, "{ran}");
    let first = &missed[..missed.len().min(12)];
    assert!(
        missed.is_empty(),
        "{} of {ran}:\n{}",
        missed.len(),
        first.join("\n---\n")
    );
}

/// The same ways to a command that only prints: any value goes, and the shells print it.
#[test]
fn the_same_ways_to_a_command_that_prints_are_open() {
    let name = "x echo RAN >&2";
    let mut scripts = Vec::new();
    for writer in WRITERS {
        for (way, readers) in WAYS {
            let print = match readers[0] {
                ". ./f" => "cat f",
                "eval \"$R\"" => "printf '%s\\n' \"$R\"",
                " sh" => " cat",
                _ => "cat; }",
            };
            let script = format!("#!/bin/sh\n{}{print}\n", way.replace('W', writer));
            scripts.push(render::script(&script, &values(name)).expect(&script));
        }
    }
    for shell in ["bash", "dash"] {
        let said = run_all(shell, &scripts);
        assert_eq!(said.len(), scripts.len());
        for (said, script) in said.iter().zip(&scripts) {
            assert!(said.lines().count() > 0, "{shell}: {script}");
            assert!(
                said.lines().all(|line| line == name),
                "{shell} said {said} in\n{script}"
            );
        }
    }
}
