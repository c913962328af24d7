//! What a refused call answers: a code, a status and a message, in each service's envelope.

use super::xml::Xml;

/// A refusal, before it is put into the envelope of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct ApiError {
    /// AWS's code, such as `InvalidAMIName.Duplicate`.
    pub(crate) code: String,
    /// HTTP status.
    pub(crate) status: u16,
    /// For people; never parsed.
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            status,
            message: message.into(),
        }
    }

    /// A client error, status 400: the usual refusal of EC2.
    pub(crate) fn client(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(crate) fn missing(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}");
        Self::client("MissingParameter", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterValue", message)
    }

    /// `InvalidInstanceID.NotFound` and its kin; `what` is the noun in EC2's message.
    pub(crate) fn not_found(code: &str, what: &str, id: &str) -> Self {
        Self::client(code, format!("The {what} '{id}' does not exist"))
    }

    /// EC2's envelope.
    pub(crate) fn ec2_body(&self, request_id: &str) -> String {
        let mut xml = Xml::default();
        xml.el("Response", |xml| {
            xml.el("Errors", |xml| {
                xml.el("Error", |xml| {
                    xml.text("Code", &self.code);
                    xml.text("Message", &self.message);
                });
            });
            xml.text("RequestID", request_id);
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}",
            xml.into_string()
        )
    }

    /// STS's envelope.
    pub(crate) fn sts_body(&self, request_id: &str) -> String {
        let mut xml = Xml::default();
        xml.el("Error", |xml| {
            xml.text(
                "Type",
                if self.status < 500 {
                    "Sender"
                } else {
                    "Receiver"
                },
            );
            xml.text("Code", &self.code);
            xml.text("Message", &self.message);
        });
        xml.text("RequestId", request_id);
        let inside = xml.into_string();
        let space = "https://sts.amazonaws.com/doc/2011-06-15/";
        format!("<ErrorResponse xmlns=\"{space}\">{inside}</ErrorResponse>")
    }

    /// SSM's envelope.
    pub(crate) fn json_body(&self) -> String {
        serde_json::json!({"__type": self.code, "message": self.message}).to_string()
    }
}
