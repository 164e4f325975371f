//! Aligned columns that fit a terminal. Pure: text in, text out.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::tame::on_one_line;

/// A table of `N` columns.
pub struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[String; N]>,
    /// The column that is cut last, because it is what a reader copies.
    kept: Option<usize>,
}

/// The most characters of a cell.
const MAX_CELL_CHARS: usize = 400;

/// Between two columns.
const GAP: &str = "  ";

/// The least columns of a terminal that a cut column keeps.
const NARROWEST: usize = 8;

impl<const N: usize> Table<N> {
    pub fn new(header: [&'static str; N]) -> Self {
        Self {
            header,
            rows: Vec::new(),
            kept: None,
        }
    }

    /// Cuts this column only where all others are as narrow as can be.
    pub fn keep(mut self, column: usize) -> Self {
        self.kept = Some(column);
        self
    }

    pub fn row(&mut self, cells: [String; N]) {
        self.rows
            .push(cells.map(|cell| on_one_line(&cell, MAX_CELL_CHARS)));
    }

    /// Lines of the table. A column without cells is left out; with a `width`, the widest columns are cut until the
    /// lines fit. `style` is put on the header, which it must not lengthen on the terminal.
    pub fn render(&self, width: Option<usize>, style: impl Fn(String) -> String) -> String {
        let mut widths = self.widths();
        if let Some(width) = width {
            fit(&mut widths, width, self.kept);
        }
        let header = self.header.map(str::to_owned);
        let mut out = style(line(&header, &widths)) + "\n";
        for row in &self.rows {
            out += &line(row, &widths);
            out.push('\n');
        }
        out
    }

    /// The width of each column: 0 where no row has anything.
    fn widths(&self) -> [usize; N] {
        std::array::from_fn(|column| {
            let cells = self.rows.iter().map(|row| row[column].width());
            match cells.max().unwrap_or(0) {
                0 => 0,
                widest => widest.max(self.header[column].len()),
            }
        })
    }
}

/// Narrows the widest column again and again until all of them fit, or none can be narrowed; `kept` comes last.
fn fit(widths: &mut [usize], width: usize, kept: Option<usize>) {
    let total = |widths: &[usize]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown
            .map(|width| width + GAP.len())
            .sum::<usize>()
            .saturating_sub(GAP.len())
    };
    while total(widths) > width {
        let mut wide: Vec<(usize, &mut usize)> = widths.iter_mut().enumerate().collect();
        wide.retain(|(_, width)| **width > NARROWEST);
        let widest = wide
            .into_iter()
            .max_by_key(|(column, width)| (Some(*column) != kept, **width));
        match widest {
            Some((_, widest)) => *widest -= 1,
            None => return,
        }
    }
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let shown = cells.iter().zip(widths).filter(|(_, width)| **width > 0);
    let cells = shown.map(|(cell, width)| {
        let cell = cut(cell, *width);
        let missing = width.saturating_sub(cell.width());
        cell + &" ".repeat(missing)
    });
    cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

/// The beginning of the cell that fits into `width` columns, an ellipsis where something is cut off.
fn cut(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_owned();
    }
    let mut columns = 0;
    let fits = |c: &char| {
        columns += c.width().unwrap_or(0);
        columns < width
    };
    let kept: String = cell.chars().take_while(fits).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<3> {
        let mut table = Table::new(["REF", "NAME", "TAGS"]);
        table.row([
            "openai/gpt-5.4".to_owned(),
            String::new(),
            "default".to_owned(),
        ]);
        table.row(["p/m".to_owned(), String::new(), String::new()]);
        table
    }

    #[test]
    fn columns_are_aligned_and_an_empty_one_is_left_out() {
        assert_eq!(
            table().render(None, |header| header),
            "REF             TAGS\nopenai/gpt-5.4  default\np/m\n"
        );
    }

    #[test]
    fn the_widest_column_is_cut_to_fit_the_terminal() {
        assert_eq!(
            table().render(Some(19), |header| header),
            "REF         TAGS\nopenai/gp…  default\np/m\n"
        );
    }

    #[test]
    fn a_terminal_that_is_too_narrow_gets_the_narrowest_table() {
        assert_eq!(
            table().render(Some(3), |header| header),
            "REF       TAGS\nopenai/…  default\np/m\n"
        );
    }

    #[test]
    fn the_kept_column_is_cut_last() {
        let table = table().keep(0);
        let cut_others = "REF             TAGS\nopenai/gpt-5.4  default\np/m\n";
        assert_eq!(table.render(Some(23), |header| header), cut_others);
        assert_eq!(
            table.render(Some(20), |header| header),
            "REF          TAGS\nopenai/gpt…  default\np/m\n"
        );
    }

    #[test]
    fn wide_characters_take_two_columns_and_none_steers_the_terminal() {
        let mut table = Table::new(["A", "B"]);
        table.row(["名前\u{1b}[31m".to_owned(), "x".to_owned()]);
        table.row(["abc".to_owned(), "y".to_owned()]);
        assert_eq!(
            table.render(None, |header| header),
            "A         B\n名前[31m  x\nabc       y\n"
        );
    }

    #[test]
    fn no_rows_leave_no_columns() {
        assert_eq!(Table::new(["REF"]).render(Some(80), |header| header), "\n");
    }
}
