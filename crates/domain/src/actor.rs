//! Who causes what a story tells: a person by a token, or a part of Ingot itself (DESIGN-2 B15, OPERATIONS section 5).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::deployment::words;

words! {
    /// By what way a person came.
    Way {
        /// A program, or `curl`.
        Api = "api",
        /// The client commands of `ingot`.
        Cli = "cli",
        /// The pages in a browser.
        Console = "console",
    }
}

words! {
    /// A part of Ingot that acts by itself.
    Part {
        /// A visit: work that was asked for goes on.
        Worker = "worker",
        /// Periodic work.
        Scheduler = "scheduler",
        /// A rule that wants an image anew: no person asked for it.
        Rule = "rule",
    }
}

/// Who acts. A line of before actors were written down has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person, or a program of theirs.
    Person(Person),
    /// A part of Ingot.
    Part(Part),
}

/// A person as a token shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The token's id, `tok_…`.
    pub token: String,
    /// The token's name at that time.
    pub name: String,
    /// By what way they came.
    pub way: Way,
    /// The id of the request, as its answer and the logs have it.
    pub request: Option<String>,
}

impl Actor {
    /// The word it is found by: a token's id, or the part's name.
    pub fn id(&self) -> &str {
        match self {
            Self::Person(person) => &person.token,
            Self::Part(part) => part.as_str(),
        }
    }

    /// The person, if it is one.
    pub fn person(&self) -> Option<&Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Part(_) => None,
        }
    }
}

impl From<Part> for Actor {
    fn from(part: Part) -> Self {
        Self::Part(part)
    }
}

impl fmt::Display for Actor {
    /// As a sentence names it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => f.write_str(&person.name),
            Self::Part(part) => write!(f, "{part}"),
        }
    }
}

impl Way {
    /// By what way a request came: `signed_in` with the console's cookie, else what its `User-Agent` says. That is what
    /// the client claims: it tells a person how something was done, and decides nothing.
    pub fn of(signed_in: bool, agent: Option<&str>) -> Self {
        match (signed_in, agent) {
            (true, _) => Self::Console,
            (false, Some(agent)) if agent.starts_with("ingot/") => Self::Cli,
            (false, _) => Self::Api,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_by_the_console_the_cli_or_another_program() {
        for (signed_in, agent, way) in [
            (true, Some("Mozilla/5.0"), Way::Console),
            (true, Some("ingot/1.0.0"), Way::Console),
            (false, Some("ingot/1.0.0"), Way::Cli),
            (false, Some("not-ingot/1.0.0"), Way::Api),
            (false, Some("curl/8.5.0"), Way::Api),
            (false, None, Way::Api),
        ] {
            assert_eq!(Way::of(signed_in, agent), way, "{signed_in} {agent:?}");
        }
    }

    #[test]
    fn a_person_is_named_and_a_part_says_what_it_is() {
        let person = Actor::Person(Person {
            token: "tok_1".to_owned(),
            name: "ops".to_owned(),
            way: Way::Cli,
            request: None,
        });
        assert_eq!((person.id(), person.to_string()), ("tok_1", "ops".into()));
        let rule = Actor::from(Part::Rule);
        assert_eq!((rule.id(), rule.to_string()), ("rule", "rule".into()));
        assert!(rule.person().is_none());
    }
}
