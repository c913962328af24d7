//! The edges of one process of a stack: to Postgres, to Redis and to the region, each with a trouble of its own.

use anyhow::{Context, Result};

use super::start::Environment;
use crate::edge::{Edge, Trouble};

const POSTGRES: &str = "DATABASE_URL";
const REDIS: &str = "REDIS_URL";
const REGION: &str = "AWS_ENDPOINT_URL";

/// The edges over which one process reaches Postgres, Redis and the region.
#[derive(Debug)]
pub struct Edges {
    /// To Postgres.
    pub postgres: Edge,
    /// To Redis.
    pub redis: Edge,
    /// To the region.
    pub region: Edge,
    /// The variables that lead through them.
    urls: [(&'static str, String); 3],
}

impl Edges {
    /// Edges to the servers an environment names.
    pub(super) async fn of(environment: &Environment) -> Result<Self> {
        let url = |wanted: &str| {
            let named = environment.iter().rfind(|(name, _)| name == wanted);
            named.map(|(_, url)| url.as_str()).context("a server's URL")
        };
        let (postgres, to_postgres) = Edge::of_url(url(POSTGRES)?).await?;
        let (redis, to_redis) = Edge::of_url(url(REDIS)?).await?;
        let (region, to_region) = Edge::of_url(url(REGION)?).await?;
        Ok(Self {
            postgres,
            redis,
            region,
            urls: [
                (POSTGRES, to_postgres),
                (REDIS, to_redis),
                (REGION, to_region),
            ],
        })
    }

    /// The environment of a process behind these edges.
    pub(super) fn through(edges: Option<&Self>, environment: &Environment) -> Environment {
        let mut through = environment.clone();
        for (name, url) in edges.iter().flat_map(|edges| &edges.urls) {
            through.retain(|(known, _)| known != name);
            through.push(((*name).to_owned(), url.clone()));
        }
        through
    }

    /// All three.
    pub fn all(&self) -> [&Edge; 3] {
        [&self.postgres, &self.redis, &self.region]
    }

    /// Lets the same happen to all three.
    pub fn set(&self, trouble: Trouble) {
        for edge in self.all() {
            edge.set(trouble);
        }
    }

    /// Ends whatever is wrong with any.
    pub fn heal(&self) {
        for edge in self.all() {
            edge.heal();
        }
    }
}
