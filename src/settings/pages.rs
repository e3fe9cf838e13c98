//! The manual page and the completions of shells, made of the definition of the command line.

use clap::builder::PossibleValue;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::Cli;

/// What a shell needs to complete commands and flags.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    script
}

/// The manual page: one page with every command, each with its own flags, and all settings.
///
/// # Errors
/// Never in practice: it writes to memory.
pub fn manual() -> std::io::Result<Vec<u8>> {
    let command = Cli::command();
    let mut commands = Roff::new();
    commands.control("SH", ["COMMANDS"]);
    for sub in command.get_subcommands() {
        describe(&mut commands, command.get_name(), sub);
    }
    let mut notes = Roff::new();
    notes.control("SH", ["NOTES"]);
    for line in command.get_after_help().map(ToString::to_string).unwrap_or_default().lines() {
        notes.text([roman(line)]).control("PP", []);
    }
    let usage = format!("{} COMMAND [OPTIONS]", command.get_name());
    let man = Man::new(command.override_usage(usage)).manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    commands.to_writer(&mut page)?;
    man.render_options_section(&mut page)?;
    notes.to_writer(&mut page)?;
    Ok(page)
}

/// A command below its parents, or in its place the commands below it.
fn describe(page: &mut Roff, parents: &str, command: &Command) {
    let name = format!("{parents} {}", command.get_name());
    if command.has_subcommands() {
        command.get_subcommands().for_each(|sub| describe(page, &name, sub));
        return;
    }
    let own: Vec<&Arg> = command.get_arguments().collect();
    let wanted = own.iter().filter(|arg| arg.is_positional()).map(|arg| heading(arg));
    let usage: Vec<String> = std::iter::once(name).chain(wanted).collect();
    page.control("SS", [usage.join(" ").as_str()]);
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    for line in about.unwrap_or_default().lines() {
        if line.is_empty() {
            page.control("PP", [])
        } else {
            page.text([roman(line)])
        };
    }
    for arg in own {
        let written = heading(arg);
        page.control("TP", []);
        page.text([if arg.is_positional() { italic(written) } else { bold(written) }]);
        let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let values = arg.get_possible_values();
        if arg.get_action().takes_values() && !values.is_empty() {
            let values: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
            help.push_str(&format!(": {}", values.join(", ")));
        }
        page.text([roman(help)]);
    }
}

/// `--format FORMAT`, `STATE`, or `[FILTER]` for what may be left out.
fn heading(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let value =
        names.first().map_or_else(|| arg.get_id().as_str().to_uppercase(), ToString::to_string);
    match arg.get_long() {
        None if arg.is_required_set() => value,
        None => format!("[{value}]"),
        Some(long) if arg.get_action().takes_values() => format!("--{long} {value}"),
        Some(long) => format!("--{long}"),
    }
}
