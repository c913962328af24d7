//! The documentation page against a small document that has each form OpenAPI has for us.

use super::samples::ATTACK;
use crate::console::docs_page;

pub(super) fn openapi() -> String {
    let hostile = serde_json::json!({
        "openapi": "3.1.0",
        "info": { "title": ATTACK, "version": "1", "description": ATTACK },
        "tags": [{ "name": "deployments", "description": "All `deployments`." }, { "name": "unused" }],
        "paths": { "/v1/deployments": { "post": {
            "tags": ["deployments"],
            "summary": "Creates a deployment",
            "description": ATTACK,
            "parameters": [{ "name": "Idempotency-Key", "in": "header", "required": true,
                             "schema": { "type": "string" }, "description": ATTACK }],
            "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Create" } } } },
            "responses": { "202": { "description": "Accepted", "content": { "application/json": {
                "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Create" } } } } } },
        } } },
        "components": { "schemas": {
            "Create": { "type": "object", "description": ATTACK, "required": ["version"], "properties": {
                "version": { "type": "string", "description": "Such as `v1.2.3`." },
                "mode": { "type": ["string", "null"] },
                "at": { "type": "string", "format": "date-time" },
                "self": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Create" }] },
                "tags": { "type": "object", "additionalProperties": { "type": "string" } },
            } },
            "Loop": { "allOf": [{ "$ref": "#/components/schemas/Loop" }] },
        } },
    });
    hostile.to_string()
}

#[test]
fn the_documentation_shows_the_document() {
    let html = docs_page(&openapi()).expect("page");
    for expected in [
        "<h2 id=\"tag-deployments\">deployments</h2>",
        "All <code>deployments</code>.",
        "<code class=\"method post\">POST</code> <code class=\"path\">/v1/deployments</code>",
        "<code>Idempotency-Key</code> <span class=\"sub\">header, required</span>",
        "<code>version</code> <span class=\"sub\">required</span>",
        "string or null",
        "string (date-time)",
        "map of string",
        "array of <a href=\"#schema-Create\">Create</a>",
        "null or <a href=\"#schema-Create\">Create</a>",
        "<code>202</code>",
    ] {
        assert!(html.contains(expected), "{expected} is missing in {html}");
    }
    assert!(!html.contains("unused"), "a tag without operations");
    assert!(docs_page("no JSON").is_err());
}
