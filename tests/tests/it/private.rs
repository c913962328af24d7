//! What only its owner may read: the embedded ledger's file, the console's cookie behind TLS; and logs that programs
//! read.

use std::os::unix::fs::PermissionsExt;

use ingot_tests::{Options, Stack};

async fn cookie(stack: &Stack) -> String {
    let nobody_follows = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder()
        .redirect(nobody_follows)
        .build()
        .unwrap();
    let answer = http
        .post(format!("{}/login", stack.client.base()))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={}", stack.token))
        .send()
        .await
        .unwrap();
    let cookie = answer.headers().get("set-cookie").unwrap();
    cookie.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_embedded_ledger_is_its_owners_and_logs_have_no_colours() {
    let stack = Stack::embedded().await.unwrap();
    for file in ["simulated.sqlite3", "simulated.sqlite3-wal", "token"] {
        let path = stack.data_dir().join(file);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let logged = stack.api.stderr();
    assert!(!logged.is_empty());
    assert!(
        logged.iter().all(|line| !line.contains('\u{1b}')),
        "{logged:?}"
    );
    // No setting said that it is reached over TLS.
    let cookie = cookie(&stack).await;
    assert!(
        cookie.contains("HttpOnly") && !cookie.contains("Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn behind_tls_the_cookie_is_for_tls_only() {
    let address = (
        "INGOT_PUBLIC_URL".to_owned(),
        "https://ingot.example.org".to_owned(),
    );
    let stack = Stack::scaled_with(Options {
        workers: 0,
        environment: vec![address],
        ..Options::default()
    });
    let cookie = cookie(&stack.await.unwrap()).await;
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}
