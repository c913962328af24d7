//! The console of one instance.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::AwsCloud;
use super::super::classify::Call;
use crate::error::CloudError;

/// What it has written so far; without `latest` what was there some time after its last start, stop or end.
pub(in crate::aws) async fn console(
    cloud: &AwsCloud,
    region: &str,
    id: &str,
    latest: bool,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ec2",
        operation: "GetConsoleOutput",
        region,
    };
    let request = cloud.at(&call)?.ec2.get_console_output();
    let request = request.instance_id(id).latest(latest);
    let answer = cloud.asked(&call, request.send()).await?;
    Ok(read(answer.output().unwrap_or_default()))
}

/// EC2 sends base64; before the instance has written anything it sends nothing.
fn read(encoded: &str) -> String {
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(encoded).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ec2_sends_is_read() {
        let table = [
            ("", ""),
            ("YQ0K\nYg==", "a\r\nb"),
            ("/w==", "\u{fffd}"),
            ("?", ""),
        ];
        for (sent, want) in table {
            assert_eq!(read(sent), want, "{sent}");
        }
    }
}
