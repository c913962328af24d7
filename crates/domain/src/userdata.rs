//! User data: rendered from the template, bounded as EC2 bounds it (F7).

use crate::field::FieldError;

/// EC2's limit on raw user data in bytes, before base64 (F7).
pub const LONGEST_RAW: usize = 16_384;

/// Refuses scripts EC2 would refuse.
pub fn check_size(field: &str, script: &str) -> Result<(), FieldError> {
    check_length(field, script.len())
}

/// The same for a length in bytes.
pub fn check_length(field: &str, length: usize) -> Result<(), FieldError> {
    if length <= LONGEST_RAW {
        return Ok(());
    }
    let message = format!(
        "user data is {length} bytes and EC2 takes {LONGEST_RAW}; fetch the long part from S3 or a repository in the script"
    );
    Err(FieldError::new(field, format!("{length} bytes"), message))
}

/// Whether gzip is worth it: cloud-init reads it transparently, but people reading the console prefer text, so only
/// when it saves at least a quarter and the script is not tiny.
pub fn gzip_is_useful(raw: usize, zipped: usize) -> bool {
    raw >= 1024 && zipped * 4 <= raw * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_ec2s() {
        assert!(check_size("user_data", &"x".repeat(16_384)).is_ok());
        let error = check_size("user_data", &"x".repeat(16_385)).expect_err("too long");
        assert!(error.message.contains("16384") && error.value.contains("16385"));
    }

    #[test]
    fn small_or_dense_scripts_stay_text() {
        assert!(!gzip_is_useful(500, 100));
        assert!(!gzip_is_useful(4000, 3900));
        assert!(gzip_is_useful(4000, 1500));
    }
}
