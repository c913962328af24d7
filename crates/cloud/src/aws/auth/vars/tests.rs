//! What the variables mean, and what their errors say and hide.

use super::{Auth, AuthError};
use crate::aws::auth::{SESSION_SECONDS, Secret};

fn read(vars: &[(&str, &str)]) -> Result<Auth, AuthError> {
    let vars: Vec<(String, String)> = vars
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    Auth::from_vars(|name| {
        vars.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    })
}

const ROLE: (&str, &str) = (
    "AWS_ASSUME_ROLE_ARN",
    "arn:aws:iam::123456789012:role/ingot",
);
const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "very/secret+thing");

fn keys() -> Auth {
    Auth::AccessKeys {
        access_key_id: "AKIAEXAMPLE".to_owned(),
        secret_access_key: Secret::new("very/secret+thing"),
        session_token: None,
    }
}

fn role(external_id: Option<&str>, session_name: Option<&str>, base: Auth) -> Auth {
    Auth::AssumeRole {
        role_arn: ROLE.1.to_owned(),
        external_id: external_id.map(str::to_owned),
        session_name: session_name.map(str::to_owned),
        base: Box::new(base),
        session_seconds: SESSION_SECONDS,
    }
}

#[test]
fn methods_are_read() {
    let method = |name| ("AWS_AUTH_METHOD", name);
    let table = [
        (vec![], Auth::DefaultChain),
        (vec![method("default"), ID, SECRET], Auth::DefaultChain),
        (vec![method(" Default ")], Auth::DefaultChain),
        (vec![method("access_keys"), ID, SECRET], keys()),
        (
            vec![method("profile"), ("AWS_PROFILE", "dev")],
            Auth::Profile("dev".to_owned()),
        ),
        (vec![ROLE], role(None, None, Auth::DefaultChain)),
        (
            vec![method("assume_role"), ROLE, ID, SECRET],
            role(None, None, keys()),
        ),
        (
            vec![
                method("assume_role"),
                ROLE,
                ("AWS_PROFILE", "dev"),
                ("AWS_EXTERNAL_ID", "x-1"),
                ("AWS_SESSION_NAME", "ci"),
            ],
            role(Some("x-1"), Some("ci"), Auth::Profile("dev".to_owned())),
        ),
        (
            vec![method("assume_role"), ROLE, ("AWS_EXTERNAL_ID", "")],
            role(None, None, Auth::DefaultChain),
        ),
    ];
    for (vars, expected) in table {
        assert_eq!(read(&vars), Ok(expected), "{vars:?}");
    }
}

#[test]
fn errors_name_the_variable_and_hide_secrets() {
    let table = [
        (vec![("AWS_AUTH_METHOD", "magic")], "AWS_AUTH_METHOD=magic"),
        (
            vec![("AWS_AUTH_METHOD", "assume_role")],
            "AWS_ASSUME_ROLE_ARN=(not set)",
        ),
        (
            vec![("AWS_ASSUME_ROLE_ARN", "ingot")],
            "AWS_ASSUME_ROLE_ARN=ingot",
        ),
        (
            vec![ROLE, ("AWS_EXTERNAL_ID", "a b")],
            "AWS_EXTERNAL_ID=a b",
        ),
        (
            vec![ROLE, ("AWS_SESSION_NAME", "a/b")],
            "AWS_SESSION_NAME=a/b",
        ),
        (vec![ROLE, SECRET], "AWS_ACCESS_KEY_ID=(not set)"),
        (
            vec![("AWS_AUTH_METHOD", "access_keys"), ID],
            "AWS_SECRET_ACCESS_KEY=(not set)",
        ),
        (
            vec![
                ("AWS_AUTH_METHOD", "access_keys"),
                ("AWS_ACCESS_KEY_ID", SECRET.1),
                SECRET,
            ],
            "AWS_ACCESS_KEY_ID=(hidden)",
        ),
        (
            vec![
                ("AWS_AUTH_METHOD", "access_keys"),
                ("AWS_ACCESS_KEY_ID", "ASIA1"),
                SECRET,
            ],
            "AWS_SESSION_TOKEN=(not set)",
        ),
        (
            vec![("AWS_AUTH_METHOD", "profile")],
            "AWS_PROFILE=(not set)",
        ),
    ];
    for (vars, start) in table {
        let text = read(&vars).expect_err(start).to_string();
        assert!(text.starts_with(start), "{text}");
        assert!(!text.contains(SECRET.1), "{text}");
    }
}

#[test]
fn debug_hides_secrets() {
    let auth = Auth::AccessKeys {
        access_key_id: "AKIA".to_owned(),
        secret_access_key: Secret::new("hush"),
        session_token: Some(Secret::new("hush")),
    };
    assert!(!format!("{auth:?}").contains("hush"));
    assert!(!format!("{:?}", role(None, None, auth)).contains("hush"));
}

#[test]
fn the_shortest_session_counts() {
    assert_eq!(keys().session(), None);
    let Auth::AssumeRole {
        role_arn,
        external_id,
        session_name,
        ..
    } = role(None, None, keys())
    else {
        unreachable!()
    };
    let inner = Auth::AssumeRole {
        role_arn,
        external_id,
        session_name,
        base: Box::new(keys()),
        session_seconds: 900,
    };
    assert_eq!(
        role(None, None, inner)
            .session()
            .map(|session| session.as_secs()),
        Some(900)
    );
}
