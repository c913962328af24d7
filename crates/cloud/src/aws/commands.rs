//! Shell commands on an instance, through SSM.

use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use aws_sdk_ssm::types::CommandInvocationStatus as Status;

use async_trait::async_trait;
use ingot_domain::place::Place;

use super::AwsCloud;
use super::classify::Call;
use super::client::once;
use crate::error::CloudError;
use crate::facts::CommandState;
use crate::nouns::Commands;

/// A command that is not delivered, or not over, after this many seconds is given up.
const TIMEOUT_SECONDS: u16 = 60;

/// How much of a command's output is kept, in characters: what GetCommandInvocation answers at most.
const LONGEST_OUTPUT: usize = 24_000;

/// Starts a command. SSM has no client token: it is sent once, for the SDK's repetition would run it twice.
pub(super) async fn run(
    cloud: &AwsCloud,
    region: &str,
    instance_id: &str,
    command: &str,
) -> Result<String, CloudError> {
    let call = Call {
        service: "ssm",
        operation: "SendCommand",
        region,
    };
    let request = cloud
        .at(&call)?
        .ssm
        .send_command()
        .document_name("AWS-RunShellScript")
        .instance_ids(instance_id)
        .timeout_seconds(i32::from(TIMEOUT_SECONDS))
        .parameters("commands", vec![command.to_owned()])
        .parameters("executionTimeout", vec![TIMEOUT_SECONDS.to_string()])
        .customize()
        .config_override(aws_sdk_ssm::config::Builder::new().retry_config(once()));
    let answer = cloud.asked(&call, request.send()).await?;
    answer
        .command
        .and_then(|command| command.command_id)
        .ok_or_else(|| call.hollow("a command id"))
}

/// How a command is doing. For a moment after its start SSM may not know it, which is `NotFound`.
pub(super) async fn state(
    cloud: &AwsCloud,
    region: &str,
    instance_id: &str,
    command_id: &str,
) -> Result<CommandState, CloudError> {
    let call = Call {
        service: "ssm",
        operation: "GetCommandInvocation",
        region,
    };
    let request = cloud
        .at(&call)?
        .ssm
        .get_command_invocation()
        .command_id(command_id)
        .instance_id(instance_id);
    Ok(read(&cloud.asked(&call, request.send()).await?))
}

fn read(answer: &GetCommandInvocationOutput) -> CommandState {
    let finished = |exit_code| CommandState::Finished {
        exit_code,
        output: output(answer),
    };
    let details = answer.status_details().filter(|text| !text.is_empty());
    match answer.status() {
        Some(Status::Success) => finished(answer.response_code()),
        // -1 is no exit code: the command never ran (undeliverable, refused by the platform).
        Some(Status::Failed) if answer.response_code() != -1 => finished(answer.response_code()),
        Some(status @ (Status::Failed | Status::TimedOut | Status::Cancelled)) => {
            CommandState::Undelivered(details.unwrap_or(status.as_str()).to_owned())
        }
        _ => CommandState::Running,
    }
}

fn output(answer: &GetCommandInvocationOutput) -> String {
    let printed = [
        answer.standard_output_content(),
        answer.standard_error_content(),
    ];
    let printed: Vec<&str> = printed
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    printed.join("\n").chars().take(LONGEST_OUTPUT).collect()
}

#[async_trait]
impl Commands for AwsCloud {
    async fn run_command(
        &self,
        place: Place<'_>,
        instance_id: &str,
        command: &str,
    ) -> Result<String, CloudError> {
        let region = self.region_of(place).await?;
        run(self, region, instance_id, command).await
    }

    async fn command_state(
        &self,
        place: Place<'_>,
        instance_id: &str,
        command_id: &str,
    ) -> Result<CommandState, CloudError> {
        let region = self.region_of(place).await?;
        state(self, region, instance_id, command_id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_are_read() {
        let answer = |status: Status, code: i32, details: &str| {
            let made = GetCommandInvocationOutput::builder()
                .status(status)
                .response_code(code)
                .status_details(details);
            read(
                &made
                    .standard_output_content("out")
                    .standard_error_content("")
                    .build(),
            )
        };
        let finished = |exit_code| CommandState::Finished {
            exit_code,
            output: "out".to_owned(),
        };
        let undelivered = |why: &str| CommandState::Undelivered(why.to_owned());
        for running in [
            Status::Pending,
            Status::InProgress,
            Status::Delayed,
            Status::Cancelling,
        ] {
            assert_eq!(answer(running, -1, ""), CommandState::Running);
        }
        assert_eq!(answer(Status::Success, 0, "Success"), finished(0));
        assert_eq!(answer(Status::Failed, 3, "Failed"), finished(3));
        assert_eq!(
            answer(Status::Failed, -1, "Undeliverable"),
            undelivered("Undeliverable")
        );
        assert_eq!(
            answer(Status::TimedOut, -1, "DeliveryTimedOut"),
            undelivered("DeliveryTimedOut")
        );
        assert_eq!(answer(Status::Cancelled, -1, ""), undelivered("Cancelled"));
    }
}
