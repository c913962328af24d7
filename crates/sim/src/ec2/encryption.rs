//! EBS encryption by default and its key, as EC2's API reads and sets them.

use crate::kms::AWS_EBS;
use crate::sim::Call;
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn get_by_default(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let mut xml = Xml::default();
    xml.value("ebsEncryptionByDefault", call.place().kms.by_default);
    xml.text("sseType", "sse-ebs");
    Ok(xml)
}

pub(super) fn enable(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    call.place().kms.by_default = true;
    get_by_default(call)
}

pub(super) fn disable(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    call.place().kms.by_default = false;
    get_by_default(call)
}

pub(super) fn get_key(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let place = call.key.clone();
    let kms = &call.place().kms;
    let named = kms.default_key.clone();
    // Unlike a key of one's own, AWS's is named by its alias.
    let shown = match named {
        Some(named) => kms.arn(&place, &named),
        None => AWS_EBS.to_owned(),
    };
    let mut xml = Xml::default();
    xml.text("kmsKeyId", shown);
    Ok(xml)
}

/// EC2 looks at the key later: any name is taken.
pub(super) fn modify_key(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let named = call.params.need("KmsKeyId")?.to_owned();
    call.place().kms.default_key = (named != AWS_EBS).then_some(named);
    get_key(call)
}

pub(super) fn reset_key(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    call.place().kms.default_key = None;
    get_key(call)
}

/// Encrypts the volumes of a launch, each under its key. Keys are looked at only now: with one
/// that cannot be used the launch has succeeded and the instance dies.
pub(super) fn seal(call: &mut Call<'_>, instances: &[String], keys: &[Option<String>]) {
    let (place_key, caller, now) = (call.key.clone(), call.caller.clone(), call.now);
    let dies = call.sim.config.region_delays.running / 2;
    let place = call.place();
    let fate = keys
        .iter()
        .flatten()
        .find_map(|key| place.kms.fate(&place_key, key, &caller));
    for id in instances {
        let Some(instance) = place.instances.get_mut(id) else {
            continue;
        };
        for (volume, key) in instance.volumes.iter().zip(keys) {
            if let Some(key) = key {
                place.kms.seal(volume, key);
            }
        }
        if let Some(reason) = &fate {
            instance.ends = Some((now.saturating_add(dies), reason.clone()));
        }
    }
}
