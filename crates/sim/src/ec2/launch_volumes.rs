//! The volumes of a launch: types, sizes and performance as EBS has them.
//!
//! Ranges are those of `EbsBlockDevice` in the API model (aws-sdk-ec2 1.274.0); codes and
//! messages those of machine-controller#538, velero-plugin-for-aws#119 and scylladb#6999.

use std::ops::RangeInclusive;

use crate::state::images::{Device, Image};
use crate::wire::errors::ApiError;
use crate::wire::query::Params;

/// What a volume type allows.
#[derive(Clone, Debug)]
struct Kind {
    name: &'static str,
    sizes: RangeInclusive<u64>,
    /// `None`: the type takes no `Iops`.
    iops: Option<RangeInclusive<u64>>,
    /// Most IOPS for each GiB.
    ratio: u64,
    must_say_iops: bool,
    boots: bool,
}

const KINDS: &[Kind] = &[
    kind("gp2", 1..=16_384, None, 0, false, true),
    kind("gp3", 1..=65_536, Some(3000..=80_000), 500, false, true),
    kind("io1", 4..=16_384, Some(100..=64_000), 50, true, true),
    kind("io2", 4..=65_536, Some(100..=256_000), 1000, true, true),
    kind("st1", 125..=16_384, None, 0, false, false),
    kind("sc1", 125..=16_384, None, 0, false, false),
    kind("standard", 1..=1024, None, 0, false, true),
];

const fn kind(
    name: &'static str,
    sizes: RangeInclusive<u64>,
    iops: Option<RangeInclusive<u64>>,
    ratio: u64,
    must_say_iops: bool,
    boots: bool,
) -> Kind {
    Kind {
        name,
        sizes,
        iops,
        ratio,
        must_say_iops,
        boots,
    }
}

/// gp3 alone takes a throughput, in MiB a second.
const THROUGHPUT: RangeInclusive<u64> = 125..=2000;

/// IOPS a gp3 volume has when none are asked for.
const GP3_IOPS: u64 = 3000;

/// The image's devices, overridden and extended by the request's.
pub(super) fn read(params: &Params, image: &Image) -> Result<Vec<Device>, ApiError> {
    let mut devices = image.devices.clone();
    let mut named: Vec<String> = Vec::new();
    for mapping in params.structs("BlockDeviceMapping") {
        let name = mapping.need("DeviceName")?;
        if named.iter().any(|known| known == name) {
            let message =
                format!("The device '{name}' is used in more than one block-device mapping");
            return Err(ApiError::client("InvalidBlockDeviceMapping", message));
        }
        named.push(name.to_owned());
        let ebs = mapping.sub("Ebs");
        if mapping.iter().any(|(key, _)| key == "NoDevice") {
            devices.retain(|device| device.name != name);
            continue;
        }
        if ebs.is_empty() {
            continue;
        }
        let known = devices.iter().position(|device| device.name == name);
        let device = match known {
            Some(at) => devices.remove(at),
            None => blank(name, &ebs)?,
        };
        let device = overridden(device, &ebs, name == image.root_device)?;
        devices.insert(known.unwrap_or(devices.len()), device);
    }
    Ok(devices)
}

/// A device the image does not have.
fn blank(name: &str, ebs: &Params) -> Result<Device, ApiError> {
    Ok(Device {
        name: name.to_owned(),
        snapshot: None,
        size_gib: ebs
            .number("VolumeSize")?
            .ok_or_else(|| ApiError::missing("VolumeSize"))?,
        kind: "gp2".to_owned(),
        iops: None,
        throughput: None,
        delete_on_termination: true,
        encrypted: false,
    })
}

fn overridden(mut device: Device, ebs: &Params, root: bool) -> Result<Device, ApiError> {
    if let Some(size) = ebs.number("VolumeSize")? {
        if size < device.size_gib && device.snapshot.is_some() {
            let message = format!(
                "Volume of size {size}GB is smaller than snapshot, expect size >= {}GB",
                device.size_gib
            );
            return Err(ApiError::client("InvalidBlockDeviceMapping", message));
        }
        device.size_gib = size;
    }
    if let Some(kind) = ebs.get("VolumeType") {
        if kind != device.kind {
            // What the image says of another type says nothing of this one.
            (device.iops, device.throughput) = (None, None);
        }
        device.kind = kind.to_owned();
    }
    device.iops = ebs.number("Iops")?.or(device.iops);
    device.throughput = ebs.number("Throughput")?.or(device.throughput);
    if ebs.get("DeleteOnTermination").is_some() {
        device.delete_on_termination = ebs.flag("DeleteOnTermination");
    }
    if ebs.get("KmsKeyId").is_some() && !ebs.flag("Encrypted") {
        let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
        return Err(ApiError::client("InvalidParameterDependency", message));
    }
    device.encrypted |= ebs.flag("Encrypted");
    check(&device, root)?;
    Ok(device)
}

/// Whether EBS makes such a volume.
fn check(device: &Device, root: bool) -> Result<(), ApiError> {
    let Device {
        kind,
        size_gib: size,
        ..
    } = device;
    let Some(known) = KINDS.iter().find(|known| known.name == kind) else {
        let message = format!("Value ({kind}) for parameter volumeType is invalid.");
        return Err(ApiError::invalid(message));
    };
    if root && !known.boots {
        let message = format!("Invalid volume type '{kind}' for the root device");
        return Err(ApiError::invalid(message));
    }
    within("Volume size", "GiB", *size, &known.sizes, kind)?;
    check_iops(device, known)?;
    let Some(throughput) = device.throughput else {
        return Ok(());
    };
    if kind != "gp3" {
        return Err(unsupported("throughput", kind));
    }
    within("Throughput", "MiBps", throughput, &THROUGHPUT, kind)?;
    let iops = device.iops.unwrap_or(GP3_IOPS);
    if throughput * 4 > iops {
        let ratio = throughput as f64 / iops as f64;
        return Err(ApiError::invalid(format!(
            "Throughput (MiBps) to iops ratio of {ratio:.6} is too high; maximum is \
             0.250000 MiBps per iops."
        )));
    }
    Ok(())
}

fn check_iops(device: &Device, known: &Kind) -> Result<(), ApiError> {
    let kind = known.name;
    let Some(range) = &known.iops else {
        let given = device.iops.is_some();
        return if given {
            Err(unsupported("iops", kind))
        } else {
            Ok(())
        };
    };
    let Some(iops) = device.iops else {
        if known.must_say_iops {
            let message = format!("The parameter iops must be specified for {kind} volumes.");
            return Err(ApiError::client("InvalidParameterCombination", message));
        }
        return Ok(());
    };
    within("Volume iops", "IOPS", iops, range, kind)?;
    // A gp3 volume has its 3000 whatever its size.
    if iops > *range.start() && iops > known.ratio * device.size_gib {
        let ratio = iops as f64 / device.size_gib as f64;
        return Err(ApiError::invalid(format!(
            "Iops to volume size ratio of {ratio:.6} is too high; maximum is {}.000000.",
            known.ratio
        )));
    }
    Ok(())
}

fn unsupported(parameter: &str, kind: &str) -> ApiError {
    let message = format!("The parameter {parameter} is not supported for {kind} volumes.");
    ApiError::client("InvalidParameterCombination", message)
}

fn within(
    what: &str,
    unit: &str,
    value: u64,
    range: &RangeInclusive<u64>,
    kind: &str,
) -> Result<(), ApiError> {
    let (least, most) = (range.start(), range.end());
    let why = if value < *least {
        format!("low; minimum is {least} {unit} for {kind}.")
    } else if value > *most {
        format!("high; maximum is {most} {unit} for {kind}.")
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(format!(
        "{what} of {value} {unit} is too {why}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: Result<(), &str> = Err("InvalidParameterValue");
    const COMBINATION: Result<(), &str> = Err("InvalidParameterCombination");

    fn volume(kind: &str, size_gib: u64, iops: u64, throughput: u64) -> Device {
        Device {
            name: "/dev/sda1".to_owned(),
            snapshot: None,
            size_gib,
            kind: kind.to_owned(),
            iops: (iops > 0).then_some(iops),
            throughput: (throughput > 0).then_some(throughput),
            delete_on_termination: true,
            encrypted: false,
        }
    }

    #[test]
    fn volumes_are_what_ebs_makes() {
        let table = [
            ("gp3", 8, 0, 0, Ok(())),
            ("gp3", 8, 3000, 125, Ok(())),
            ("gp3", 8, 2999, 0, VALUE),
            ("gp3", 160, 80_000, 2000, Ok(())),
            ("gp3", 8, 4001, 0, VALUE),
            ("gp3", 8, 0, 750, Ok(())),
            ("gp3", 8, 0, 751, VALUE),
            ("gp3", 8, 0, 124, VALUE),
            ("gp3", 160, 80_000, 2001, VALUE),
            ("gp3", 65_537, 0, 0, VALUE),
            ("gp2", 16_384, 0, 0, Ok(())),
            ("gp2", 16_385, 0, 0, VALUE),
            ("gp2", 8, 300, 0, COMBINATION),
            ("gp2", 8, 0, 125, COMBINATION),
            ("io1", 8, 0, 0, COMBINATION),
            ("io1", 8, 400, 0, Ok(())),
            ("io1", 8, 401, 0, VALUE),
            ("io1", 8, 99, 0, VALUE),
            ("io1", 3, 100, 0, VALUE),
            ("io1", 8, 400, 200, COMBINATION),
            ("io2", 8, 0, 0, COMBINATION),
            ("io2", 256, 256_000, 0, Ok(())),
            ("io2", 512, 256_001, 0, VALUE),
            ("standard", 1024, 0, 0, Ok(())),
            ("standard", 1025, 0, 0, VALUE),
            ("st1", 500, 0, 0, VALUE),
            ("sc1", 500, 0, 0, VALUE),
            ("zz9", 8, 0, 0, VALUE),
        ];
        for (kind, size, iops, throughput, want) in table {
            let got = check(&volume(kind, size, iops, throughput), true);
            let got = got.map_err(|error| error.code);
            let want = want.map_err(str::to_owned);
            assert_eq!(got, want, "{kind} {size} {iops} {throughput}");
        }
        assert!(
            check(&volume("st1", 500, 0, 0), false).is_ok(),
            "as a data volume"
        );
        assert!(check(&volume("st1", 124, 0, 0), false).is_err());
    }
}
