//! What documents are understood, and what their refusals name.

use super::*;
use serde_json::json;

fn refused(statement: Value) -> String {
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    read(&document).expect_err("not understood")
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let with = |name: &str, value: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"});
        statement[name] = value;
        statement
    };
    let table = [
        (with("NotAction", json!("ec2:*")), "NotAction"),
        (with("NotResource", json!("*")), "NotResource"),
        (with("Principal", json!("*")), "Principal"),
        (with("Effect", json!("allow")), "Effect"),
        (with("Action", json!("RunInstances")), "RunInstances"),
        (with("Action", json!([])), "Statement[0].Action"),
        (with("Resource", json!("arn:aws:ec2")), "arn:aws:ec2"),
        (
            with(
                "Resource",
                json!("arn:aws:ec2:*:*:instance/${aws:username}"),
            ),
            "variable",
        ),
        (
            with("Condition", json!({"StringNotEquals": {"ec2:Owner": "x"}})),
            "StringNotEquals",
        ),
        (
            with(
                "Condition",
                json!({"StringEqualsIfExists": {"ec2:Owner": "x"}}),
            ),
            "IfExists",
        ),
        (
            with(
                "Condition",
                json!({"ForAllValues:StringEquals": {"aws:TagKeys": "x"}}),
            ),
            "ForAll",
        ),
        (
            with("Condition", json!({"StringEquals": {"aws:SourceIp": "x"}})),
            "aws:SourceIp",
        ),
        (
            with(
                "Condition",
                json!({"StringEquals": {"aws:RequestTag/": "x"}}),
            ),
            "aws:RequestTag/",
        ),
        (
            with(
                "Condition",
                json!({"Bool": {"kms:GrantIsForAWSResource": "yes"}}),
            ),
            "Bool",
        ),
        (
            with("Condition", json!({"StringEquals": {"ec2:Owner": 7}})),
            "`7`",
        ),
    ];
    for (statement, named) in table {
        let said = refused(statement.clone());
        assert!(said.contains(named), "{statement}: {said}");
    }
    for document in [
        json!({}),
        json!([]),
        json!({"Version": "2012-10-17"}),
        json!("x"),
    ] {
        assert!(read(&document).is_err(), "{document}");
    }
}

#[test]
fn one_statement_and_lists_are_read() {
    let document = json!({"Version": "2012-10-17", "Statement": {
        "Sid": "One", "Effect": "Deny", "Action": ["EC2:Run*", "ssm:*"],
        "Resource": ["arn:aws:ec2:*::image/*", "*"],
        "Condition": {"Bool": {"KMS:grantIsForAWSResource": true},
                      "StringLike": {"aws:RequestTag/Name": ["a*", "b"]}},
    }});
    let policy = read(&document).expect("understood");
    let [statement] = policy.statements.as_slice() else {
        panic!("{policy:?}");
    };
    assert!(!statement.allow);
    assert_eq!(statement.actions, ["ec2:run*", "ssm:*"]);
    assert_eq!(statement.conditions.len(), 2);
    assert!(statement.conditions.iter().any(|c| c.values == ["true"]));
}
