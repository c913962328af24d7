//! Text that another command reads as code later: refused there, quoted and taken everywhere else.

use ingot_domain::render;

use crate::values;

/// Scripts whose placeholder a second reader would run, by kind.
const REFUSED: &[&str] = &[
    // Files that are sourced or run.
    "cat > app.env <<EOF\nNAME={{job_name}}\nEOF\n. ./app.env",
    "cat > app.env <<'EOF'\nNAME={{job_name}}\nEOF\nsource ./app.env",
    "tee /etc/app.env <<EOF >/dev/null\nNAME={{job_name}}\nEOF\n. /etc/app.env",
    "cat <<EOF | sudo tee -a /etc/app.env\nNAME={{job_name}}\nEOF\nset -a; . /etc/app.env; set +a",
    "cat >> app.env <<-EOF\n\tNAME={{job_name}}\n\tEOF\nif [ -f app.env ]; then . ./app.env; fi",
    "echo \"NAME={{job_name}}\" > f; source f",
    "echo NAME={{job_name}} >| f && builtin source f",
    "{ echo \"NAME={{job_name}}\"; echo B=1; } > f\n. ./f",
    "for n in 1 2; do echo \"NAME={{job_name}}\"; done > f\n. ./f",
    "(echo \"NAME={{job_name}}\") >f\n. ./f",
    "gen() { echo \"NAME={{job_name}}\"; }\ngen > f\n. ./f",
    "gen() { echo \"NAME=$1\"; }\ngen '{{job_name}}' > f\n. ./f",
    "F=/etc/app.env\necho \"NAME={{job_name}}\" > $F\n. \"$F\"",
    "F=$(mktemp); echo \"NAME={{job_name}}\" > \"$F\"; . \"$F\"",
    "F=$(mktemp)\necho \"NAME={{job_name}}\" > \"$F\"\nmv \"$F\" /etc/app.env\n. /etc/app.env",
    "echo \"NAME={{job_name}}\" > a; cp a b; . ./b",
    "echo \"NAME={{job_name}}\" > /etc/app.d/{{template}}.env\nfor f in /etc/app.d/*.env; do . \"$f\"; done",
    "sed -i \"s/X/{{job_name}}/\" app.env",
    "echo \"NAME={{job_name}}\" > f\nbash -c '. ./f'",
    "echo \"NAME={{job_name}}\" > f\nbash <<'S'\n. ./f\nS",
    "echo \"NAME={{job_name}}\" > f\ncat > /opt/run <<'S'\n#!/bin/sh\n. ./f\nS",
    "exec 3> f; exec > f; echo \"NAME={{job_name}}\"; exec >&2; . ./f",
    "BASH_ENV=f bash -c true\necho 'NAME={{job_name}}' > f",
    "cat > x <<\"EOF\"\necho {{job_name}}\nEOF\nsh x",
    "cat > x <<EOF\necho {{job_name}}\nEOF\nsudo -u web bash -e ./x",
    "cat > x <<EOF\necho {{job_name}}\nEOF\nchmod +x x; ./x",
    "cat > /opt/x <<EOF\necho {{job_name}}\nEOF\nchmod +x /opt/x; sudo /opt/x --fast",
    "cat > x <<EOF\necho {{job_name}}\nEOF\nsh < x",
    "cat > x <<EOF\necho {{job_name}}\nEOF\ncat x | sh",
    "cat > x <<EOF\n* * * * * echo {{job_name}}\nEOF\ncrontab x",
    "cat > /opt/x <<EOF\n#!/bin/sh\necho {{job_name}}\nEOF",
    "printf '#!/bin/sh\\necho {{job_name}}' > /opt/x",
    "echo \"export NAME={{job_name}}\" > /etc/profile.d/app.sh",
    "echo \"* * * * * root echo {{job_name}}\" | sudo tee /etc/cron.d/app",
    "echo \"export NAME={{job_name}}\" >> ~/.bashrc",
    "cat > /etc/systemd/system/a.service <<EOF\nExecStart=/bin/sh -c \"echo {{job_name}}\"\nEOF",
    // Pipes and inputs.
    "echo \"NAME={{job_name}} true\" | sh",
    "echo \"NAME={{job_name}} true\" | bash -s",
    "echo \"NAME={{job_name}} true\" | bash -s -- a b",
    "echo \"NAME={{job_name}} true\" | sudo -u web sh -x",
    "echo \"NAME={{job_name}} true\" | sudo -i",
    "echo \"NAME={{job_name}} true\" | at now",
    "echo \"NAME={{job_name}} true\" | batch",
    "echo \"NAME={{job_name}} true\" | ssh host",
    "echo \"* * * * * {{job_name}}\" | crontab -",
    "crontab - <<EOF\n* * * * * {{job_name}}\nEOF",
    "echo \"NAME={{job_name}} true\" | tee x | sh",
    "echo \"NAME={{job_name}} true\" |\n  # on\n  sh",
    "cat <<EOF |\necho {{job_name}}\nEOF\nsh",
    "echo \"NAME={{job_name}} true\" |& { true; sh; }",
    "echo \"NAME={{job_name}} true\" | (cd /; exec bash)",
    "echo \"NAME={{job_name}} true\" | while read -r l; do eval \"$l\"; done",
    "while read -r l; do sh -c \"$l\"; done <<EOF\n{{job_name}}\nEOF",
    "run() { sh; }\necho \"NAME={{job_name}} true\" | run",
    "echo \"NAME={{job_name}} true\" > >(sh)",
    "echo \"NAME={{job_name}} true\" | tee >(sh)",
    "echo \"{{job_name}}\" | xargs -I{} sh -c '{}'",
    "bash <<< \"NAME={{job_name}} true\"",
    "sh < <(echo \"NAME={{job_name}} true\")",
    "source <(echo \"NAME={{job_name}}\")",
    "bash <(echo \"NAME={{job_name}} true\")",
    ". /dev/stdin <<EOF\nNAME={{job_name}}\nEOF",
    "echo \"print('{{job_name}}')\" | python3",
    "python3 - <<EOF\nprint('{{job_name}}')\nEOF",
    // Options that hand a string on.
    "su root --command=\"NAME={{job_name}} true\"",
    "su root -c\"NAME={{job_name}} true\"",
    "su root --session-command \"NAME={{job_name}} true\"",
    "su root --session-command=\"NAME={{job_name}} true\"",
    "bash -ce \"NAME={{job_name}} true\"",
    "bash -c -e \"NAME={{job_name}} true\"",
    "flock /run/l -c \"NAME={{job_name}} true\"",
    "nsenter -t 1 -m sh -c \"NAME={{job_name}} true\"",
    "setpriv --reuid 1 sh -c \"NAME={{job_name}} true\"",
    "systemd-run --user sh -c \"NAME={{job_name}} true\"",
    "find . -exec sh -c \"NAME={{job_name}} true\" \\;",
    "echo a | xargs sh -c \"NAME={{job_name}} true\"",
    "watch \"echo {{job_name}}\"",
    "parallel \"echo {{job_name}}\" ::: 1",
    "make NAME=\"{{job_name}}\"",
    "awk \"BEGIN { print \\\"{{job_name}}\\\" }\"",
    "perl -e \"print '{{job_name}}'\"",
    "perl -pi -e \"s/a/{{job_name}}/\" f",
    "python3 -c \"print('{{job_name}}')\"",
    "alias a=\"echo {{job_name}}\"",
    "mapfile -C \"echo {{job_name}}\" -c 1 a < f",
    "mapfile -tC\"echo {{job_name}}\" -c 1 a < f",
    "R=\"echo {{job_name}}\"; builtin readarray -c 1 -C \"$R\" a < f",
    // Variables.
    "R=\"NAME={{job_name}} true\"; eval \"$R\"",
    "export R=\"NAME={{job_name}} true\"; eval $R",
    "R=a; R+=\";NAME={{job_name}} true\"; eval \"${R}\"",
    "R=\"NAME={{job_name}} true\"; S=\"$R\"; sh -c \"$S\"",
    "R=\"NAME={{job_name}} true\"; bash <<<\"$R\"",
    "R=\"NAME={{job_name}} true\"; echo \"$R\" | sh",
    "R=\"NAME={{job_name}} true\"; sh <<EOF\n$R\nEOF",
    "R=\"NAME={{job_name}} true\"; trap \"$R\" EXIT",
    "R=\"NAME={{job_name}} true\"; ssh h \"$R\"",
    "export R=\"NAME={{job_name}} true\"; sh -c 'eval \"$R\"'",
    "R=$(echo \"NAME={{job_name}} true\"); eval \"$R\"",
    "read -r R <<< \"{{job_name}}\"; eval \"$R\"",
    "printf -v R '%s' \"{{job_name}}\"; eval \"$R\"",
    ": \"${R:={{job_name}}}\"; eval \"$R\"",
    "for R in a \"{{job_name}}\"; do eval \"$R\"; done",
    "run() { eval \"$1\"; }\nrun \"NAME={{job_name}} true\"",
    "run() { eval \"$@\"; }\nrun NAME=\"{{job_name}}\" true",
    "set -- \"{{job_name}}\"; eval \"$1\"",
    "a=(\"NAME={{job_name}} true\"); eval \"${a[0]}\"",
    "R=\"{{job_name}}\"; N=R; eval \"${!N}\"",
    "export X=\"{{job_name}}\"; envsubst < t > f; . ./f",
    "exec 3> >(sh); echo \"N={{job_name}}\" >&3",
    "exec < f; echo \"N={{job_name}}\" > f; sh",
    // Commands whose name is not literal.
    "C=\"bash -c\"; $C \"NAME={{job_name}} true\"",
    "$C \"NAME={{job_name}} true\"",
    "$(command -v bash) -c \"NAME={{job_name}} true\"",
    "C=bash; \"$C\" -c \"NAME={{job_name}} true\"",
    "c=(bash -c); \"${c[@]}\" \"NAME={{job_name}} true\"",
    "retry() { \"$@\" || \"$@\"; }\nretry bash -c \"NAME={{job_name}} true\"",
];

/// Scripts that only print, store or pass the value on: any value goes.
const TAKEN: &[&str] = &[
    "mapfile -t a <<< \"{{job_name}}\"; echo \"${a[0]}\"",
    "echo \"built for {{job_name}}\" > /etc/motd",
    "cat > /etc/app.conf <<EOF\nname = {{job_name}}\nEOF\nsystemctl restart app",
    "cat > index.html <<'EOF'\n<h1>{{job_name}}</h1>\nEOF\nchmod 644 index.html",
    "echo \"{{job_name}}\" > /etc/motd; . /etc/os-release",
    "echo \"{{job_name}}\" > /etc/motd; . \"$HOME/.cargo/env\"",
    "tmp=$(mktemp); echo \"{{job_name}}\" > \"$tmp\"; mv \"$tmp\" /etc/motd; . /etc/os-release",
    "curl -fsSL https://example.com/x -o install.sh; bash install.sh --name \"{{job_name}}\"",
    "curl -fsSL https://example.com/x | bash; echo \"{{job_name}}\" > /etc/motd",
    "curl -fsSL https://example.com/x | NAME=\"{{job_name}}\" bash -s -- --name \"{{job_name}}\"",
    "chmod +x ./setup; ./setup \"{{job_name}}\"",
    "echo \"{{job_name}}\" | tee /etc/motd",
    "echo \"{{job_name}}\" | bash -c 'cat >/dev/null'",
    "echo \"{{job_name}}\" | python3 report",
    "NAME=\"{{job_name}}\" sh -c 'echo \"$NAME\"'",
    "R=\"{{job_name}}\"; S=true; eval \"$S\"; echo \"$R\"",
    "R=\"{{job_name}}\"; echo \"$R\"; eval \"$(ssh-agent)\"",
    "AWS=/snap/bin/aws; $AWS s3 ls \"{{job_name}}\"",
    "\"$HOME/bin/tool\" --name \"{{job_name}}\"",
    "retry() { for n in 1 2; do \"$@\" && return 0; done; \"$@\"; }\nretry aws --name \"{{job_name}}\"",
    "log() { echo \"$*\" >&2; }\nlog \"for {{job_name}}\"",
    "args=(--name \"{{job_name}}\"); aws \"${args[@]}\"",
    "a=(\"$x\" \"{{job_name}}\"); echo \"${a[1]}\"",
    "cmd=(docker run -e NAME=\"{{job_name}}\" img); \"${cmd[@]}\"",
    "sudo -E tee /etc/motd <<EOF\n{{job_name}}\nEOF",
    "sudo hostnamectl set-hostname --pretty \"{{job_name}}\"",
    "docker run -e NAME=\"{{job_name}}\" img",
    "env NAME=\"{{job_name}}\" python3 app",
    "find . -name \"{{job_name}}\" -exec sh -c 'rm \"$1\"' _ {} \\;",
    "awk -v name=\"{{job_name}}\" '{ print name }' f",
    "python3 app --name \"{{job_name}}\"",
    "while read -r l; do echo \"$l {{job_name}}\"; done < f",
    "cat <<EOF | grep a\n{{job_name}}\nEOF",
    "# for {{job_name}}\necho a | sh",
    "exec > >(tee -a /var/log/x.log) 2>&1\necho \"{{job_name}}\"",
    "trap 'echo bye' EXIT; echo \"{{job_name}}\"",
    "cat > /etc/systemd/system/a.service <<EOF\n[Unit]\nDescription={{job_name}}\nEOF",
    "bash -c 'echo \"$1\"' _ \"{{job_name}}\"",
];

#[test]
fn text_that_is_read_as_code_later_takes_plain_values_only() {
    for script in REFUSED {
        let script = format!("#!/bin/bash\n{script}");
        for name in ["x touch /run/PWN", "kamiwaza v0.9.2", "x;id", "a'b", ""] {
            let said = render::script(&script, &values(name));
            let unfit = said.expect_err(&script);
            let told = unfit.error().message;
            let part = format!("line {}", unfit.line);
            assert!(
                told.contains(&part) && told.contains("{{job_name}}"),
                "{told}"
            );
            let line = script.lines().nth(unfit.line - 1).unwrap_or_default();
            assert!(line.contains("{{job_name}}"), "{script}: {unfit}");
        }
        render::script(&script, &values("web-1.2")).expect(&script);
    }
}

#[test]
fn every_other_place_takes_any_value() {
    let mut refused = Vec::new();
    for script in TAKEN {
        let script = format!("#!/bin/bash\n{script}");
        for name in ["kamiwaza v0.9.2", "x touch /run/PWN", "x;id '"] {
            let rendered = render::script(&script, &values(name));
            refused.extend(rendered.err().map(|unfit| format!("{script}: {unfit}")));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n---\n"));
}

/// One text of a template writes a file, another reads it.
#[test]
fn the_texts_of_a_template_are_read_together() {
    let write = "cat > /etc/app.env <<EOF\nNAME={{job_name}}\nEOF";
    let read = "#!/bin/sh\n. /etc/app.env";
    let step = |run: &str| serde_json::json!({ "name": "a", "run": run });
    let of = |more: serde_json::Value| {
        let mut all = serde_json::json!({
            "name": "web",
            "base_image": { "ami": "ami-12345678" },
            "instance_types": ["m6i.large"],
            "probe": {},
        });
        for (key, value) in more.as_object().expect("an object") {
            all[key] = value.clone();
        }
        serde_json::from_value::<ingot_domain::template::Template>(all).expect("a template")
    };
    let table = [
        (
            serde_json::json!({ "steps": [step(read), step(write)] }),
            "steps[1].run",
        ),
        (
            serde_json::json!({ "steps": [step(write)], "first_boot": read }),
            "steps[0].run",
        ),
        (
            serde_json::json!({ "user_data": format!("#!/bin/sh\n{write}"), "first_boot": read }),
            "user_data",
        ),
        (
            serde_json::json!({ "steps": [step(write)], "install_finished": { "command": ". /etc/app.env" } }),
            "steps[0].run",
        ),
    ];
    for (template, field) in table {
        let template = of(template);
        let told = render::problems(&template, &values("kamiwaza v0.9.2"));
        assert_eq!(told.len(), 1, "{field}: {told:?}");
        assert!(told[0].message.contains(field), "{told:?}");
        assert_eq!(render::problems(&template, &values("web")), Vec::new());
    }
    let alone = of(serde_json::json!({ "steps": [step(write), step("systemctl start app")] }));
    assert_eq!(
        render::problems(&alone, &values("kamiwaza v0.9.2")),
        Vec::new()
    );
}

/// A script of so many commands that it is not followed is code everywhere.
#[test]
fn a_script_that_is_not_followed_takes_plain_values_only() {
    let script = format!(
        "#!/bin/sh\necho {{{{job_name}}}}\n{}",
        "true;".repeat(5_000)
    );
    render::script(&script, &values("a b")).expect_err("too many commands");
    render::script(&script, &values("web")).expect("plain");

    // Few commands, but each may be what any other assigned: following all of that would hold a request up for seconds.
    let values_of_all = format!(
        "#!/bin/sh\nb={{{{job_name}}}}\n{}",
        (0..1_400)
            .map(|i| format!("a=$a{i};$a $b;"))
            .collect::<String>()
    );
    render::script(&values_of_all, &values("a b")).expect_err("too many values");
    render::script(&values_of_all, &values("web")).expect("plain");
}

/// What was taken apart is remembered by all the texts of a template, and what is filled in is not.
#[test]
fn a_script_is_filled_in_anew_beside_other_texts_and_with_other_values() {
    let write = "cat > /etc/app.env <<EOF\nNAME={{job_name}}\nEOF\n";
    for _ in 0..2 {
        let script = format!("#!/bin/sh\n{write}");
        let filled = render::script(&script, &values("a b")).expect("nothing reads it");
        assert!(filled.contains("'a b'"), "{filled}");
        let filled = render::script(&script, &values("c d")).expect("nothing reads it");
        assert!(
            filled.contains("'c d'") && !filled.contains("a b"),
            "{filled}"
        );
        render::script(&format!("{script}. /etc/app.env\n"), &values("a b")).expect_err("read");
    }
}
