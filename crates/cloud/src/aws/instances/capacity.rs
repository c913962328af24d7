//! No capacity comes as HTTP 500 (EC2.md 38), which the SDK would repeat at once in the same zone for nothing.

use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::run_instances::RunInstancesError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

use crate::aws::classify::kind_of_code;
use crate::error::ErrorKind;

/// Forbids the SDK to repeat a launch that found no capacity; the ledger decides when and where to try again.
#[derive(Debug)]
pub(super) struct GiveUp;

impl ClassifyRetry for GiveUp {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(|error| error.as_operation_error());
        let error = error.and_then(|error| error.downcast_ref::<RunInstancesError>());
        match error.and_then(ProvideErrorMetadata::code) {
            Some(code) if kind_of_code(code, 500) == ErrorKind::NoCapacity => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "no capacity"
    }

    /// After the SDK's own classifiers, so that it has the last word.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}
