//! What a builder is asked to be: the template's own order, for its AMI alone. The door uses it to refuse what could never be
//! built, the plan to price what waits.

use crate::arch::Arch;
use crate::request::Draft;
use crate::template::Template;

/// The builder's draft, or a sentence that says that the template has no instance type of the architecture.
pub fn draft(
    template: &Template,
    version: &str,
    mode: Option<&str>,
    arch: Option<Arch>,
    region: &str,
) -> Result<Draft, String> {
    let default = template.default_instance_type();
    let arch = arch.unwrap_or_else(|| Arch::of_instance_type(default));
    let fits = |kind: &&str| Arch::of_instance_type(kind) == arch;
    let types = std::iter::once(default).chain(template.instance_types.iter().map(String::as_str));
    let Some(instance_type) = types.into_iter().find(fits) else {
        return Err(format!(
            "no instance type of the template `{}` is of {arch}: add one to `instance_types`",
            template.name
        ));
    };
    Ok(Draft {
        template: template.name.clone(),
        version: version.to_owned(),
        mode: mode.map(str::to_owned),
        region: region.to_owned(),
        // The default may be replaced by the template's others where EC2 has no room.
        instance_type: Some(instance_type.to_owned()).filter(|kind| kind != default),
        build_only: true,
        again: true,
        ..Draft::default()
    })
}
