//! The pages, against what they are about: each command that they have runs, and each link leads somewhere.
//!
//! A block that begins with ```` ```sh ```` is on the list in `list.rs`. A story here runs it, or CI does, or the list
//! says why nothing can.

mod blocks;
mod form;
mod links;
mod list;
mod rehearsal;
mod stage;
mod stories;

use std::collections::BTreeSet;

use self::blocks::{blocks, pages, prose};
use self::form::{check, check_mention, led};
use self::list::{Held, LIST, held, is_of};
use self::rehearsal::rehearse;

#[test]
fn every_block_of_commands_is_on_the_list_and_nothing_else_is() {
    let blocks = blocks();
    let wrong: Vec<String> = blocks.iter().filter_map(|block| held(block).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for entry @ (page, with, _) in LIST {
        let is_there = blocks.iter().any(|block| is_of(entry, block));
        assert!(
            is_there,
            "no block of {page} has {with:?}: remove it from LIST in tests/it/written/list/entries.rs"
        );
    }
    assert!(blocks.len() > 50, "the blocks were not found");
}

#[test]
fn every_command_has_the_right_form_and_is_known() {
    let mut wrong = Vec::new();
    for block in blocks() {
        let Ok(held) = held(&block) else { continue };
        if block.is_script() {
            continue;
        }
        let calls = match rehearse(&block) {
            Ok(calls) => calls,
            Err(why) => {
                wrong.push(why);
                continue;
            }
        };
        let calls: Vec<Vec<String>> = calls.iter().map(|call| led(call)).collect();
        let place = block.place();
        wrong.extend(
            calls.iter().filter_map(|call| check(call).err()).map(|why| format!("{place}: {why}")),
        );
        let (commands, by) = match held {
            Held::Here(_) => continue,
            Held::Elsewhere { commands, file, .. } => (commands, format!("{file} runs it")),
            Held::Nowhere { commands, why } => (commands, why.to_owned()),
        };
        wrong.extend(compare(&place, &by, &calls, commands));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_call_within_a_sentence_is_one_of_the_program() {
    let mut wrong = Vec::new();
    let mut mentions = 0;
    for page in pages() {
        let prose = prose(&page).replace('\n', " ");
        let code = prose.split('`').skip(1).step_by(2);
        for said in code.filter(|said| said.starts_with("locktender ") && !said.contains('…')) {
            // A redirection is the shell's.
            let call = said.split(" > ").next().unwrap();
            wrong.extend(check_mention(call).err().map(|why| format!("{page}: {why}")));
            mentions += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(mentions > 50, "the calls were not found");
}

/// What the list and a block do not have in common.
fn compare(place: &str, by: &str, calls: &[Vec<String>], commands: &[&str]) -> Vec<String> {
    // A terminal's own setting is no command that could fail a reader.
    let calls: BTreeSet<String> =
        calls.iter().filter(|call| call[0] != "stty").map(|call| call.join(" ")).collect();
    let is_listed = |call: &&String| commands.iter().any(|command| begins(call, command));
    let new = calls.iter().filter(|call| !is_listed(call)).map(|call| {
        format!(
            "{place}: `{call}` is new. If the reason holds for it too ({by}), add it to this block's commands in \
             tests/it/written/list/entries.rs"
        )
    });
    let is_there = |command: &&&str| calls.iter().any(|call| begins(call, command));
    let gone = commands.iter().filter(|command| !is_there(command)).map(|command| {
        format!(
            "{place} has no `{command}` any more: remove it from tests/it/written/list/entries.rs"
        )
    });
    new.chain(gone).collect()
}

/// Whether a call begins with these words.
fn begins(call: &str, words: &str) -> bool {
    call.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[test]
fn what_runs_elsewhere_is_there() {
    for (page, with, held) in LIST {
        if let Held::Elsewhere { file, text, .. } = held {
            assert!(
                blocks::read(file).contains(text),
                "{file}, which runs {with:?} of {page}, has no {text:?}"
            );
        }
    }
}
