//! Reading a policy document: what is understood is kept, everything else is refused by name.

use serde_json::{Map, Value};

/// A policy that is understood whole.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(super) statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) allow: bool,
    /// Lower case: IAM does not distinguish.
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<Condition>,
}

/// One key of one operator of a `Condition` block.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) operator: Operator,
    /// Lower case: IAM does not distinguish, not even in the key of a tag.
    pub(super) key: String,
    pub(super) values: Vec<String>,
}

/// The operators that are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    StringEquals,
    StringLike,
    Bool,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("StringEquals", Operator::StringEquals),
    ("StringLike", Operator::StringLike),
    ("Bool", Operator::Bool),
];

/// Condition keys that are evaluated; those ending in `/` are followed by the key of a tag.
const KEYS: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:RequestedRegion",
    "ec2:CreateAction",
    "ec2:Owner",
    "ec2:ResourceTag/",
    "iam:PassedToService",
    "kms:GrantIsForAWSResource",
    "ssm:resourceTag/",
];

/// Reads a document, or says what in it is not understood.
pub(super) fn read(document: &Value) -> Result<Policy, String> {
    let top = object("the policy", document)?;
    only("the policy", top, &["Version", "Id", "Statement"])?;
    let version = top.get("Version").and_then(Value::as_str);
    if !matches!(version, Some("2012-10-17" | "2008-10-17")) {
        return Err("Version must be \"2012-10-17\"".to_owned());
    }
    let raw = match top.get("Statement") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    };
    if raw.is_empty() {
        return Err("Statement must be a statement or a list of them".to_owned());
    }
    let each = raw.into_iter().enumerate();
    let statements = each.map(|(at, raw)| statement(&format!("Statement[{at}]"), raw));
    Ok(Policy {
        statements: statements.collect::<Result<_, _>>()?,
    })
}

fn statement(at: &str, raw: &Value) -> Result<Statement, String> {
    let raw = object(at, raw)?;
    only(
        at,
        raw,
        &["Sid", "Effect", "Action", "Resource", "Condition"],
    )?;
    let allow = match raw.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(format!("{at}.Effect must be \"Allow\" or \"Deny\"")),
    };
    let actions = texts(&format!("{at}.Action"), raw.get("Action"))?;
    for action in &actions {
        let named = action.split_once(':');
        if action != "*"
            && named.is_none_or(|(service, name)| service.is_empty() || name.is_empty())
        {
            return Err(format!(
                "{at}.Action: `{action}` is not SERVICE:ACTION or *"
            ));
        }
    }
    let resources = texts(&format!("{at}.Resource"), raw.get("Resource"))?;
    for resource in &resources {
        let whole = resource.starts_with("arn:") && resource.split(':').count() >= 6;
        if resource != "*" && !whole {
            return Err(format!("{at}.Resource: `{resource}` is not an ARN or *"));
        }
    }
    Ok(Statement {
        allow,
        actions: actions.iter().map(|action| action.to_lowercase()).collect(),
        resources,
        conditions: conditions(at, raw.get("Condition"))?,
    })
}

fn conditions(at: &str, raw: Option<&Value>) -> Result<Vec<Condition>, String> {
    let Some(raw) = raw else {
        return Ok(Vec::new());
    };
    let at = format!("{at}.Condition");
    let mut conditions = Vec::new();
    for (name, block) in object(&at, raw)? {
        let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| known == name) else {
            let known: Vec<&str> = OPERATORS.iter().map(|(known, _)| *known).collect();
            return Err(format!(
                "{at}: the operator `{name}` is not evaluated here, only {}",
                known.join(", ")
            ));
        };
        for (key, values) in object(&format!("{at}.{name}"), block)? {
            let at = format!("{at}.{name}.{key}");
            if !known_key(key) {
                return Err(format!(
                    "{at}: the condition key `{key}` is not evaluated here"
                ));
            }
            let values = texts(&at, Some(values))?;
            let flag = |value: &String| matches!(value.to_lowercase().as_str(), "true" | "false");
            if *operator == Operator::Bool && !values.iter().all(flag) {
                return Err(format!("{at}: Bool takes true or false"));
            }
            conditions.push(Condition {
                operator: *operator,
                key: key.to_lowercase(),
                values,
            });
        }
    }
    Ok(conditions)
}

fn known_key(key: &str) -> bool {
    let key = key.to_lowercase();
    KEYS.iter().map(|known| known.to_lowercase()).any(|known| {
        let tag = known.ends_with('/') && key.len() > known.len();
        key == known && !known.ends_with('/') || tag && key.starts_with(&known)
    })
}

fn object<'a>(at: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{at} must be a JSON object"))
}

fn only(at: &str, object: &Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(format!(
            "{at}: `{name}` is not evaluated here, only {}",
            known.join(", ")
        )),
    }
}

/// A text or a list of texts; flags are texts to IAM, and variables are not evaluated.
fn texts(at: &str, value: Option<&Value>) -> Result<Vec<String>, String> {
    let values = match value {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    if values.is_empty() {
        return Err(format!("{at} must hold at least one value"));
    }
    let text = |value: &Value| match value {
        Value::String(text) if text.contains("${") => Err(format!(
            "{at}: the variable in `{text}` is not evaluated here"
        )),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!("{at}: `{other}` is not a text")),
    };
    values.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests;
