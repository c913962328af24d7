//! Pages of the console beside programs: a list costs as many questions for many rows as for few, many open tabs hold no
//! program up, an outage that is known is told at once, and a sign-in that is throttled says how long.

use std::time::{Duration, Instant};

use ingot_migration::sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use ingot_tests::{Options, Stack, until};
use reqwest::{Client, Response, StatusCode, redirect};

const LONG: Duration = Duration::from_secs(60);

/// A template of this name, in a few lines.
fn yaml(name: &str) -> String {
    let text = include_str!("../../../templates/hello-web.yaml");
    text.replacen("name: hello-web", &format!("name: {name}"), 1)
}

async fn page(stack: &Stack, path: &str) -> Response {
    let asked = Client::new()
        .get(format!("{}{path}", stack.client.base()))
        .bearer_auth(&stack.token);
    asked.send().await.expect("an answer")
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let asked = Statement::from_string(db.get_database_backend(), sql.to_owned());
    let row = db
        .query_one_raw(asked)
        .await
        .expect("a row")
        .expect("a row");
    row.try_get_by_index(0).expect("a number")
}

/// Statements that ended so far, once no more are counted: Postgres counts with some seconds' delay.
async fn statements(db: &DatabaseConnection) -> i64 {
    let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    tokio::time::sleep(Duration::from_secs(12)).await;
    number(db, sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_asks_as_often_for_many_rows_as_for_few() {
    const TEMPLATES: usize = 60;
    const ROUNDS: i64 = 20;
    let options = Options {
        workers: 0,
        ..Options::default()
    };
    let stack = Stack::scaled_with(options).await.unwrap();
    let db = stack.database.as_ref().unwrap().connect().await.unwrap();
    for number in 0..TEMPLATES {
        let name = format!("many-{number}");
        let applied = stack.client.apply_template(&yaml(&name), &name).await;
        applied.unwrap();
        let mut order = Stack::order("v1.0.0");
        order.template = name.clone();
        order.mode = None;
        order.instance_type = None;
        let key = format!("deploy-{name}");
        stack.client.create_deployment(&order, &key).await.unwrap();
    }
    // As if each had been ready: then its page asks for its recipe.
    db.execute_unprepared("UPDATE deployment SET ready_at = created_at, time_to_ready_ms = 1000, launch_path = 'fresh'")
        .await
        .unwrap();
    let mut before = statements(&db).await;
    for path in ["/templates", "/?limit=200", "/deployments/new"] {
        for _ in 0..ROUNDS {
            let shown = page(&stack, path).await;
            assert_eq!(shown.status(), StatusCode::OK, "{path}");
            let text = shown.text().await.unwrap();
            assert!(text.contains("many-59"), "{path}: {text}");
        }
        let after = statements(&db).await;
        // The frame looks at the installation once a second, which takes a dozen questions; the page itself a handful.
        let asked = after - before;
        assert!(
            asked < ROUNDS * 20,
            "{path}: {asked} statements for {ROUNDS} pages"
        );
        before = after;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_open_tabs_hold_no_program_up() {
    let stack = Stack::embedded().await.unwrap();
    for number in 0..40 {
        let name = format!("many-{number}");
        stack
            .client
            .apply_template(&yaml(&name), &name)
            .await
            .unwrap();
        stack.deploy(&format!("v1.0.{number}")).await.unwrap();
    }
    let tabs: Vec<_> = (0..200)
        .map(|number| {
            let path = [
                "/templates",
                "/?limit=200",
                "/deployments/new",
                "/tasks?limit=200",
            ];
            let asked = Client::new()
                .get(format!(
                    "{}{}",
                    stack.client.base(),
                    path[number % path.len()]
                ))
                .bearer_auth(&stack.token)
                .send();
            tokio::spawn(asked)
        })
        .collect();
    let mut slowest = Duration::ZERO;
    let mut asked = 0;
    while tabs.iter().any(|tab| !tab.is_finished()) || asked < 20 {
        let began = Instant::now();
        stack
            .client
            .template("many-1", Default::default())
            .await
            .unwrap();
        slowest = slowest.max(began.elapsed());
        asked += 1;
    }
    for tab in tabs {
        let shown = tab.await.unwrap().unwrap();
        assert_eq!(shown.status(), StatusCode::OK);
    }
    // A debug build beside others: what is asked alone takes some ten milliseconds, behind 200 pages it took seconds.
    assert!(
        slowest < Duration::from_secs(2),
        "{slowest:?} of {asked} answers"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_that_is_known_is_told_at_once() {
    let options = Options {
        workers: 0,
        own_postgres: true,
        ..Options::default()
    };
    let stack = Stack::scaled_with(options).await.unwrap();
    let postgres = stack.postgres.as_ref().unwrap();
    assert_eq!(page(&stack, "/").await.status(), StatusCode::OK);
    postgres.pause("immediate").await.unwrap();
    let quick = async |path: &str| {
        let began = Instant::now();
        let shown = page(&stack, path).await;
        let status = shown.status();
        let wait = shown.headers().contains_key("retry-after");
        (began.elapsed(), status, wait, shown.text().await.unwrap())
    };
    let known = until("an answer at once", LONG, async || {
        let (took, _, _, text) = quick("/").await;
        let told = text.contains("has not answered since") && took < Duration::from_secs(1);
        Ok(told.then_some(()))
    });
    known.await.unwrap();
    for path in ["/", "/templates", "/v1/deployments", "/v1/status"] {
        let (took, status, wait, text) = quick(path).await;
        assert_eq!(
            (status, wait),
            (StatusCode::SERVICE_UNAVAILABLE, true),
            "{path}"
        );
        assert!(took < Duration::from_secs(1), "{path}: {took:?}");
        assert!(text.contains("has not answered since"), "{path}: {text}");
    }
    let (_, status, ..) = quick("/login").await;
    assert_eq!(status, StatusCode::OK, "the form needs no ledger");
    assert_eq!(
        page(&stack, "/readyz").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    postgres.restart("fast").await.unwrap();
    until("the pages again", LONG, async || {
        Ok((page(&stack, "/").await.status() == StatusCode::OK).then_some(()))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_sign_in_shows_its_form_and_the_wait() {
    let stack = Stack::embedded().await.unwrap();
    let browser = Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap();
    let sign_in = async |token: &str| {
        let form = format!("token={token}&to=%2Fimages");
        let sent = browser
            .post(format!("{}/login", stack.client.base()))
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send();
        sent.await.unwrap()
    };
    // One letter of the secret is another: genuine in form, unknown to the ledger.
    let mut unknown = stack.token.clone();
    let last = if unknown.pop() == Some('a') { 'b' } else { 'a' };
    unknown.push(last);
    let throttled = until("a throttled sign-in", LONG, async || {
        for _ in 0..60 {
            let answer = sign_in(&unknown).await;
            match answer.status() {
                StatusCode::UNAUTHORIZED => {}
                StatusCode::TOO_MANY_REQUESTS => return Ok(Some(answer)),
                other => anyhow::bail!("{other}"),
            }
        }
        Ok(None)
    });
    let answer = throttled.await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "1");
    let text = answer.text().await.unwrap();
    for words in [
        "Try again in 1 second.",
        "name=\"token\"",
        "name=\"to\" value=\"/images\"",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(sign_in(&stack.token).await.status(), StatusCode::SEE_OTHER);
}
