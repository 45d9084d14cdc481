//! Tables: columns as wide as what is in them, two spaces apart.

use crate::view::printable;

/// Rows under headings.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    heading: &'static str,
    side: Side,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Left,
    Right,
}

/// Whether headings may be written in bold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Terminal,
    /// For a file or another program.
    Plain,
}

impl Style {
    /// What suits the output.
    pub const fn of_terminal(terminal: bool) -> Self {
        if terminal { Self::Terminal } else { Self::Plain }
    }
}

impl Column {
    /// A column of words.
    pub const fn left(heading: &'static str) -> Self {
        Self { heading, side: Side::Left }
    }

    /// A column of numbers.
    pub const fn right(heading: &'static str) -> Self {
        Self { heading, side: Side::Right }
    }

    fn pad(self, cell: &str, width: usize) -> String {
        match self.side {
            Side::Left => format!("{cell:<width$}"),
            Side::Right => format!("{cell:>width$}"),
        }
    }
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; cells that are missing are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell)).collect());
    }

    /// The table's lines, each with a line feed.
    pub fn render(&self, style: Style) -> String {
        let headings = self.line(|position| self.heading(position));
        let headings = match style {
            Style::Terminal => format!("\u{1b}[1m{headings}\u{1b}[0m\n"),
            Style::Plain => format!("{headings}\n"),
        };
        let lines = self.rows.iter().map(|row| {
            let line = self.line(|position| row.get(position).map_or("", String::as_str));
            format!("{line}\n")
        });
        std::iter::once(headings).chain(lines).collect()
    }

    fn line<'a>(&self, cell: impl Fn(usize) -> &'a str) -> String {
        let cells: Vec<String> = (0..)
            .zip(&self.columns)
            .map(|(position, column)| column.pad(cell(position), self.width(position)))
            .collect();
        cells.join("  ").trim_end().to_owned()
    }

    fn heading(&self, position: usize) -> &'static str {
        self.columns.get(position).map_or("", |column| column.heading)
    }

    fn width(&self, position: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(position)).map(String::as_str);
        cells
            .chain([self.heading(position)])
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([Column::left("NAME"), Column::right("AMOUNT")]);
        table.row(["a".to_owned(), "0.5".to_owned()]);
        table.row(["überlang".to_owned(), "12.25".to_owned()]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let lines = "NAME      AMOUNT\na            0.5\nüberlang   12.25\n";
        assert_eq!(table().render(Style::Plain), lines);
    }

    #[test]
    fn only_a_terminal_gets_control_characters() {
        assert!(!table().render(Style::Plain).contains('\u{1b}'));
        assert!(table().render(Style::Terminal).starts_with("\u{1b}[1mNAME"));
    }

    #[test]
    fn a_cell_cannot_change_the_terminal_or_add_a_line() {
        let mut table = Table::new([Column::left("NAME")]);
        table.row(["a\n\u{1b}[2J".to_owned()]);
        assert_eq!(table.render(Style::Plain), "NAME\na\u{fffd}\u{fffd}[2J\n");
    }
}
