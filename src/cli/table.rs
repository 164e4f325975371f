//! Aligned columns that fit a terminal. Pure: text in, text out.

/// A table of `N` columns.
pub struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[String; N]>,
}

/// Between two columns.
const GAP: &str = "  ";

/// The least columns of a terminal that a cut column keeps.
const NARROWEST: usize = 8;

impl<const N: usize> Table<N> {
    pub fn new(header: [&'static str; N]) -> Self {
        Self {
            header,
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// Lines of the table. A column without cells is left out; with a `width`, the widest columns are cut until the
    /// lines fit. `style` is put on the header, which it must not lengthen on the terminal.
    pub fn render(&self, width: Option<usize>, style: impl Fn(String) -> String) -> String {
        let mut widths = self.widths();
        if let Some(width) = width {
            fit(&mut widths, width);
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
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            match cells.max().unwrap_or(0) {
                0 => 0,
                widest => widest.max(self.header[column].len()),
            }
        })
    }
}

/// Narrows the widest column again and again until all of them fit, or none can be narrowed.
fn fit(widths: &mut [usize], width: usize) {
    let total = |widths: &[usize]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown
            .map(|width| width + GAP.len())
            .sum::<usize>()
            .saturating_sub(GAP.len())
    };
    while total(widths) > width {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let shown = cells.iter().zip(widths).filter(|(_, width)| **width > 0);
    let cells = shown.map(|(cell, width)| format!("{:<width$}", cut(cell, *width)));
    cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(width - 1).collect();
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
    fn no_rows_leave_no_columns() {
        assert_eq!(Table::new(["REF"]).render(Some(80), |header| header), "\n");
    }
}
