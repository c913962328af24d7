//! Secrets that must not be seen (I9): AWS's keys, the token, and words a test planted, looked for in what every process
//! said, in the API's answers and in the metrics.

use anyhow::Result;

use crate::stack::Stack;

/// A word that a test plants in user data; only the instance may see it.
pub const PLANTED: &str = "canary-in-user-data-7f3a";

/// Variables whose values may show nowhere.
const VARIABLES: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// What may not be seen of this stack.
pub(super) fn of(stack: &Stack) -> Vec<String> {
    let values = stack
        .environment
        .iter()
        .filter(|(name, _)| VARIABLES.contains(&name.as_str()))
        .map(|(_, value)| value.clone());
    let token = stack.token.rsplit('_').next().unwrap_or_default();
    values
        .chain([token.to_owned(), PLANTED.to_owned()])
        // `test` is everywhere and no secret.
        .filter(|value| value.len() > 8)
        .collect()
}

pub(super) async fn violations(stack: &Stack, secrets: &[String]) -> Result<Vec<String>> {
    let mut said = vec![("a process's log".to_owned(), stack.everything_said())];
    let http = reqwest::Client::new();
    let base = stack.client.base();
    let lists = ["deployments", "tasks", "images", "queues"];
    let mut urls: Vec<String> = lists.map(|list| format!("{base}/v1/{list}")).to_vec();
    let deployments = stack.client.deployments(&Default::default()).await?.items;
    for deployment in deployments.iter().take(20) {
        let url = format!("{base}/v1/deployments/{}", deployment.id);
        urls.extend([format!("{url}/events"), url]);
    }
    urls.push(format!("{base}/metrics"));
    urls.extend(stack.metrics.iter().map(|url| format!("{url}/metrics")));
    for url in urls {
        // A worker may just have been killed; its metrics are gone with it.
        if let Ok(answer) = http.get(&url).bearer_auth(&stack.token).send().await {
            said.push((url, answer.text().await.unwrap_or_default()));
        }
    }
    let mut wrong = Vec::new();
    for (place, text) in &said {
        for secret in secrets.iter().filter(|secret| text.contains(*secret)) {
            wrong.push(format!("I9: `{}…` is seen in {place}", &secret[..6]));
        }
    }
    Ok(wrong)
}
