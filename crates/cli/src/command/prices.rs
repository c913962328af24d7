//! `ingot prices …`.

use std::process::ExitCode;

use ingot_client::Page;
use ingot_client::price::{Price, PriceFigure, PriceFilter, PriceLoad};
use ingot_domain::field::shown;

use crate::args::money::{PricesAction, PricesArgs};
use crate::command::{read, story};
use crate::failure::Refused;
use crate::output::clean;
use crate::output::grid::{Cell, Column, grid};

/// A file's first line.
const HEAD: &str = "region,instance_type,usd_per_hour";
/// The same with the system whose licence a price includes.
const HEAD_OS: &str = "region,instance_type,usd_per_hour,os";

/// Runs one of them.
pub(crate) async fn run(args: PricesArgs) -> anyhow::Result<ExitCode> {
    let client = args.connection.client()?;
    let output = args.connection.output();
    match args.action {
        PricesAction::Show { kind, region, os } => {
            let filter = PriceFilter {
                instance_type: kind,
                region: Some(region),
                os: Some(os).filter(|os| os != "linux"),
            };
            output.result(&client.prices(&filter).await?, rows)?;
        }
        PricesAction::Load {
            file,
            as_of,
            source,
        } => {
            let prices = figures(&read(&file)?)
                .map_err(|wrong| Refused(format!("`{}`: {wrong}", file.display())))?;
            let name = || {
                let name = file.file_name().unwrap_or_default();
                name.to_string_lossy().into_owned()
            };
            let load = PriceLoad {
                source: source.unwrap_or_else(name),
                as_of: as_of.unwrap_or_else(|| crate::command::now().date_naive().to_string()),
                prices,
            };
            let loaded = client.load_prices(&load).await?;
            output.result(&loaded, |loaded| {
                let (all, new, changed) = (loaded.loaded, loaded.new, loaded.changed);
                format!("{all} prices loaded: {new} new, {changed} changed")
            })?;
        }
        PricesAction::History { after } => {
            story::print_all(output, after, async |filter| {
                client.price_events(&filter).await
            })
            .await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The figures of a file; what they say is checked by the API.
fn figures(text: &str) -> Result<Vec<PriceFigure>, String> {
    let mut lines = text.lines().enumerate();
    let head = lines.next().map(|(_, line)| line.trim());
    let (head, with_os) = match head {
        Some(HEAD) => (HEAD, false),
        Some(HEAD_OS) => (HEAD_OS, true),
        _ => {
            return Err(format!("the first line must be `{HEAD}`, or `{HEAD_OS}`"));
        }
    };
    let mut figures = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.trim().split(',').collect();
        let (region, kind, hour, os) = match cells.as_slice() {
            [region, kind, hour] if !with_os => (region, kind, hour, None),
            [region, kind, hour, os] if with_os => (region, kind, hour, Some(*os)),
            _ => {
                let number = at + 1;
                return Err(format!(
                    "line {number}, `{}`, has {} cells; write `{head}`",
                    shown(line),
                    cells.len()
                ));
            }
        };
        figures.push(PriceFigure {
            region: (*region).to_owned(),
            instance_type: (*kind).to_owned(),
            usd_per_hour: (*hour).to_owned(),
            os: os.map(str::to_owned),
        });
    }
    Ok(figures)
}

fn rows(page: &Page<Price>) -> String {
    let columns: [Column; 6] = [
        ("type", Cell::Text, 1),
        ("region", Cell::Whole, 1),
        ("os", Cell::Whole, 3),
        ("usd per hour", Cell::Whole, 1),
        ("as of", Cell::Whole, 2),
        ("source", Cell::Text, 3),
    ];
    grid(
        &columns,
        page.items.iter().map(|one| {
            let assumed = match one.assumed {
                true if one.os != "linux" => "assumed, ",
                true => "assumed: 1.5 × us-east-1, ",
                false => "",
            };
            [
                clean(&one.instance_type),
                clean(&one.region),
                clean(&one.os),
                one.usd_per_hour.clone(),
                clean(&one.as_of),
                format!("{assumed}{}", clean(&one.source)),
            ]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_prices_has_its_head_and_three_cells_a_line() {
        let text = format!("{HEAD}\neu-west-1,c5.large,0.096\n\n");
        let read = figures(&text).expect("figures");
        assert_eq!((read.len(), read[0].usd_per_hour.as_str()), (1, "0.096"));
        assert!(figures("a,b,c\n").expect_err("no head").contains(HEAD));
        let text = format!("{HEAD_OS}\neu-west-1,c5.large,0.156,rhel\n");
        assert_eq!(
            figures(&text).expect("a figure")[0].os.as_deref(),
            Some("rhel")
        );
        let wrong = figures(&format!("{HEAD_OS}\neu-west-1,c5.large,1\n")).expect_err("a cell");
        assert!(wrong.contains(HEAD_OS), "{wrong}");
        let wrong = figures(&format!("{HEAD}\neu-west-1,c5.large\n")).expect_err("a cell");
        assert!(wrong.contains("line 2"), "{wrong}");
    }
}
