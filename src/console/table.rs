//! The tables of all commands: aligned columns without lines, which fit a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, CellAlignment, Color, ContentArrangement, Table};

use super::Style;
use super::width::{Output, columns, fit_middle};

/// Spaces between two columns.
const GAP: usize = 2;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    heading: &'static str,
    is_number: bool,
    /// To how many columns of a terminal its cells may be shortened.
    least: Option<usize>,
    /// The column of least worth is left out first. One without a worth is never left out.
    worth: Option<u8>,
}

/// A cell with its meaning, which its text says too.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    /// What is shown where the text has no room, in place of the text with an ellipsis.
    short: Option<&'static str>,
    colour: Option<Color>,
}

impl Column {
    /// A column of texts.
    pub(super) const fn text(heading: &'static str) -> Self {
        Self { heading, is_number: false, least: None, worth: None }
    }

    /// A column of numbers, aligned to the right.
    pub(super) const fn number(heading: &'static str) -> Self {
        Self { heading, is_number: true, least: None, worth: None }
    }

    /// On a narrow terminal, its cells are shortened in the middle, to no fewer columns than these.
    pub(super) const fn shrinks_to(self, least: usize) -> Self {
        Self { least: Some(least), ..self }
    }

    /// On a narrow terminal, it is left out.
    pub(super) const fn worth(self, worth: u8) -> Self {
        Self { worth: Some(worth), ..self }
    }
}

impl Cell {
    pub(super) fn coloured(text: impl Into<String>, colour: Color) -> Self {
        Self { text: text.into(), short: None, colour: Some(colour) }
    }

    pub(super) fn or(self, short: &'static str) -> Self {
        Self { short: Some(short), ..self }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), short: None, colour: None }
    }
}

/// The lines of a table with a heading. Nothing is shortened or left out without a width.
pub(super) fn table<const N: usize>(
    all: [Column; N],
    rows: &[[Cell; N]],
    Output { style, width }: Output,
) -> String {
    let natural: [usize; N] = std::array::from_fn(|at| {
        let cells = rows.iter().map(|row| columns(&row[at].text));
        cells.chain([columns(all[at].heading)]).max().unwrap_or_default()
    });
    let room = width.map_or(natural.map(Some), |width| fit(&all, natural, width));
    let shown: Vec<(usize, usize)> =
        room.iter().enumerate().filter_map(|(at, room)| Some((at, (*room)?))).collect();
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    match style {
        Style::Plain => table.force_no_tty(),
        Style::Coloured => table.enforce_styling(),
    };
    table.style_text_only();
    table.set_header(shown.iter().map(|(at, room)| {
        let heading = fit_middle(all[*at].heading, *room);
        comfy_table::Cell::new(heading).add_attribute(Attribute::Bold)
    }));
    table.add_rows(
        rows.iter()
            .map(|row| shown.iter().map(|(at, room)| drawn(&row[*at], *room)).collect::<Vec<_>>()),
    );
    for (column, (at, _)) in table.column_iter_mut().zip(&shown) {
        let is_first = shown.first().is_some_and(|(first, _)| first == at);
        column.set_padding((if is_first { 0 } else { 2 }, 0));
        if all[*at].is_number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    // comfy-table pads each line to the table's width.
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn drawn(cell: &Cell, room: usize) -> comfy_table::Cell {
    let text = match cell.short {
        Some(short) if columns(&cell.text) > room => short,
        _ => &cell.text,
    };
    let drawn = comfy_table::Cell::new(fit_middle(text, room));
    match cell.colour {
        Some(colour) => drawn.fg(colour),
        None => drawn,
    }
}

/// How wide each column is. `None` for one that is left out.
fn fit<const N: usize>(all: &[Column; N], natural: [usize; N], width: usize) -> [Option<usize>; N] {
    let mut room = natural.map(Some);
    let least = |at: usize| all[at].least.map_or(natural[at], |least| least.min(natural[at]));
    let total = |room: &[Option<usize>; N], of: &dyn Fn(usize, usize) -> usize| {
        let shown = room.iter().enumerate().filter_map(|(at, room)| Some(of(at, (*room)?) + GAP));
        shown.sum::<usize>().saturating_sub(GAP)
    };
    while total(&room, &|at, _| least(at)) > width {
        let shown = (0..N).filter(|at| room[*at].is_some());
        let Some(at) = shown.filter(|at| all[*at].worth.is_some()).min_by_key(|at| all[*at].worth)
        else {
            break;
        };
        room[at] = None;
    }
    while total(&room, &|_, room| room) > width {
        let shown = room.iter().enumerate().filter_map(|(at, room)| Some((at, (*room)?)));
        let Some((at, widest)) =
            shown.filter(|(at, room)| *room > least(*at)).max_by_key(|it| it.1)
        else {
            break;
        };
        room[at] = Some(widest - 1);
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::text("STATE").shrinks_to(8),
        Column::number("HOLDS"),
        Column::text("HOLDER").shrinks_to(6).worth(2),
        Column::text("ID").worth(1),
    ];

    fn rows() -> [[Cell; 4]; 2] {
        let wide = "environments/日本語/production";
        [
            [wide.into(), "12".into(), "jjoyner@ci-runner-04".into(), "1f6e7bc2-0ede".into()],
            ["b".into(), "3".into(), Cell::coloured("unknown", Color::Red), "-".into()],
        ]
    }

    #[test]
    fn a_table_fits_the_width_that_there_is() {
        let mut drawn = Vec::new();
        for width in [None, Some(90), Some(60), Some(45), Some(20), Some(5)] {
            let table = table(COLUMNS, &rows(), Output { style: Style::Plain, width });
            let widest = table.lines().map(columns).max().unwrap();
            assert!(width.is_none_or(|width| width == 5 || widest <= width), "{width:?}\n{table}");
            drawn.push(format!("{width:?}\n{table}"));
        }
        insta::assert_snapshot!(drawn.join("\n\n"), @"
        None
        STATE                           HOLDS  HOLDER                ID
        environments/日本語/production     12  jjoyner@ci-runner-04  1f6e7bc2-0ede
        b                                   3  unknown               -

        Some(90)
        STATE                           HOLDS  HOLDER                ID
        environments/日本語/production     12  jjoyner@ci-runner-04  1f6e7bc2-0ede
        b                                   3  unknown               -

        Some(60)
        STATE               HOLDS  HOLDER              ID
        environm…roduction     12  jjoyner@…runner-04  1f6e7bc2-0ede
        b                       3  unknown             -

        Some(45)
        STATE        HOLDS  HOLDER      ID
        envir…ction     12  jjoy…er-04  1f6e7bc2-0ede
        b                3  unknown     -

        Some(20)
        STATE          HOLDS
        enviro…uction     12
        b                  3

        Some(5)
        STATE     HOLDS
        env…tion     12
        b             3
        ");
    }

    #[test]
    fn colours_change_nothing_else() {
        let output = Output { style: Style::Coloured, width: Some(45) };
        let coloured = table(COLUMNS, &rows(), output);
        insta::assert_snapshot!(coloured.replace('\x1b', "^"), @"
        ^[1mSTATE^[0m        ^[1mHOLDS^[0m  ^[1mHOLDER^[0m      ^[1mID^[0m
        envir…ction     12  jjoy…er-04  1f6e7bc2-0ede
        b                3  ^[38;5;9munknown^[39m     -
        ");
        let plain = table(COLUMNS, &rows(), Output { style: Style::Plain, ..output });
        let widths = |table: &str| table.lines().map(columns).collect::<Vec<_>>();
        assert_eq!(widths(&coloured), widths(&plain));
    }
}
