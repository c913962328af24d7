//! DescribeRegions: the regions an account has, and with `AllRegions` those it could have.

use crate::filters::Filters;
use crate::sim::Call;
use crate::standing::{ENABLED, OPT_IN, Opt};
use crate::wire::errors::ApiError;
use crate::wire::xml::Xml;

pub(super) fn describe(call: &mut Call<'_>) -> Result<Xml, ApiError> {
    let names = call.params.list("RegionName");
    let all: Vec<&str> = ENABLED.iter().chain(OPT_IN).copied().collect();
    if let Some(name) = names.iter().find(|name| !all.contains(&name.as_str())) {
        let message = format!("Invalid region names: [{name}]");
        return Err(ApiError::invalid(message));
    }
    let filters = Filters::read(call.params, &["region-name", "opt-in-status", "endpoint"])?;
    let disabled_too = call.params.flag("AllRegions");
    let standing = call.sim.standing();
    let mut regions: Vec<(&str, Opt)> = all
        .into_iter()
        .map(|name| (name, standing.opt(name)))
        .filter(|(_, opt)| disabled_too || *opt != Opt::Out)
        .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name))
        .filter(|(name, opt)| {
            filters.pass(|filter| match filter {
                "region-name" => vec![(*name).to_owned()],
                "endpoint" => vec![format!("ec2.{name}.amazonaws.com")],
                _ => vec![opt.word().to_owned()],
            })
        })
        .collect();
    regions.sort_by_key(|(name, _)| *name);
    let mut xml = Xml::default();
    xml.items("regionInfo", regions, |xml, (name, opt)| {
        xml.text("regionName", name);
        xml.text("regionEndpoint", format!("ec2.{name}.amazonaws.com"));
        xml.text("optInStatus", opt.word());
    });
    Ok(xml)
}
