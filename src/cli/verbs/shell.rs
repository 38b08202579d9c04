//! `headend completions` and `headend man`.

use clap::CommandFactory;
use color_eyre::eyre::WrapErr;

use super::args;
use crate::cli::args::Args;
use crate::cli::{Failed, OK, print};
use crate::model::clean;

/// Prints what a shell reads to complete headend's arguments.
pub fn completions(args: &args::Completions) -> Result<u8, Failed> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "headend", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(OK)
}

/// Prints the manual's page, or writes a page for each verb.
pub fn man(args: &args::Man) -> Result<u8, Failed> {
    if let Some(folder) = &args.into {
        let shown = clean(&folder.to_string_lossy()).into_owned();
        std::fs::create_dir_all(folder).wrap_err_with(|| format!("cannot make {shown}"))?;
        clap_mangen::generate_to(Args::command(), folder)
            .wrap_err_with(|| format!("cannot write the pages into {shown}"))?;
        return Ok(OK);
    }
    let mut out = Vec::new();
    clap_mangen::Man::new(Args::command()).render(&mut out)?;
    print(&String::from_utf8_lossy(&out))?;
    Ok(OK)
}
