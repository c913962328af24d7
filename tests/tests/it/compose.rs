//! `docker-compose.yml` without Docker: what it names is there, and each of its command lines runs with its own environment,
//! against servers of this test in the place of the services'.

mod file;
mod running;

use std::collections::BTreeSet;
use std::fs;

use ingot_tests::repository;
use serde_json::Value;

use file::Compose;

#[test]
fn every_service_and_folder_it_names_is_there() {
    let compose = Compose::read();
    let services: BTreeSet<&String> = compose.services.keys().collect();
    let volumes = compose.top["volumes"].as_object().expect("volumes");
    for (name, service) in &compose.services {
        if let Some(needs) = service["depends_on"].as_object() {
            for need in needs.keys() {
                assert!(services.contains(need), "{name} depends on {need}");
            }
        }
        if let Some(with) = service["network_mode"].as_str() {
            let with = with
                .strip_prefix("service:")
                .expect("another service")
                .to_owned();
            assert!(services.contains(&with), "{name} joins {with}");
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let source = volume
                .as_str()
                .expect("text")
                .split(':')
                .next()
                .expect("a source");
            if source.starts_with('.') {
                assert!(
                    repository().join(source).is_file(),
                    "{name} mounts {source}"
                );
            } else {
                assert!(volumes.contains_key(source), "{name} mounts {source}");
            }
        }
        // An address in the environment leads to a service.
        for (variable, value) in compose.environment(name) {
            let Some((_, rest)) = value.split_once("://") else {
                continue;
            };
            let host = rest.rsplit('@').next().expect("a host");
            let host = host.split([':', '/']).next().expect("a host").to_owned();
            assert!(
                services.contains(&host),
                "{variable} of {name} leads to {host}"
            );
        }
    }
}

#[test]
fn it_is_the_scaled_shape() {
    let compose = Compose::read();
    let of = |word: &str| {
        let ours = compose.ours();
        let count = ours
            .iter()
            .filter(|name| compose.command(name)[1] == word)
            .count();
        (word.to_owned(), count)
    };
    assert_eq!(of("api").1, 1);
    assert_eq!(of("worker").1, 3);
    assert_eq!(of("sim").1, 1);
    assert_eq!(of("migrate").1, 1);
    for other in ["postgres", "redis", "prometheus"] {
        assert!(compose.services.contains_key(other), "{other}");
    }
    let redis = compose.services["redis"]["command"].to_string();
    assert!(redis.contains("noeviction"), "{redis}");
}

/// What Prometheus is told to scrape is where the processes are told to listen.
#[test]
fn prometheus_finds_every_process() {
    let compose = Compose::read();
    let told = fs::read_to_string(repository().join("deploy/prometheus.yml")).expect("a file");
    let told: Value = serde_saphyr::from_str(&told).expect("YAML");
    for rules in told["rule_files"].as_array().expect("rule files") {
        let path = repository()
            .join("deploy")
            .join(rules.as_str().expect("a path"));
        let text = fs::read_to_string(&path).expect("a rule file");
        let rules: Value = serde_saphyr::from_str(&text).expect("YAML");
        assert!(
            rules["groups"]
                .as_array()
                .is_some_and(|groups| !groups.is_empty())
        );
    }
    let mut scraped = BTreeSet::new();
    for job in told["scrape_configs"].as_array().expect("jobs") {
        for group in job["static_configs"].as_array().into_iter().flatten() {
            for target in group["targets"].as_array().expect("targets") {
                scraped.insert(target.as_str().expect("text").to_owned());
            }
        }
        for group in job["dns_sd_configs"].as_array().into_iter().flatten() {
            for name in group["names"].as_array().expect("names") {
                scraped.insert(format!(
                    "{}:{}",
                    name.as_str().expect("text"),
                    group["port"]
                ));
            }
        }
    }
    let mut listening = BTreeSet::new();
    for name in compose.ours() {
        let command = compose.command(&name);
        if !["api", "worker"].contains(&command[1].as_str()) {
            continue;
        }
        let port = command
            .windows(2)
            .find(|pair| pair[0] == "--metrics-listen")
            .and_then(|pair| pair[1].strip_prefix("0.0.0.0:"));
        let port = port.expect("an address all may reach");
        // A service that joins another's network is found under the other's name.
        let joined = compose.services[&name]["network_mode"].as_str();
        let host = joined
            .and_then(|mode| mode.strip_prefix("service:"))
            .unwrap_or(&name);
        listening.insert(format!("{host}:{port}"));
    }
    assert_eq!(scraped, listening);
}

/// The image is built of everything cargo wants to see.
#[test]
fn the_dockerfile_copies_the_whole_workspace() {
    let text = fs::read_to_string(repository().join("Dockerfile")).expect("a Dockerfile");
    let copied: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--from"))
        .flat_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words[..words.len() - 1].to_vec()
        })
        .collect();
    for source in &copied {
        assert!(repository().join(source).exists(), "COPY {source}");
    }
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).expect("a manifest");
    let members = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"'));
    for member in members.filter_map(|line| line.strip_suffix("\",")) {
        let room = member.split('/').next().expect("a folder");
        assert!(copied.contains(&room), "{member} is not copied");
    }
}
