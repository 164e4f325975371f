//! What a tool answers: a text for the model, never longer than it may be.

/// The longest text of a result, in bytes.
pub const MAX_RESULT_BYTES: usize = 50_000;

/// The answer to a tool call. A text that would be too long is cut, and says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolResult {
    text: String,
    is_error: bool,
}

impl ToolResult {
    pub fn done(text: impl Into<String>) -> Self {
        Self {
            text: capped(text.into()),
            is_error: false,
        }
    }

    /// `text` is a sentence that tells the model what is wrong and, where there is one, the remedy.
    pub fn error(text: impl Into<String>) -> Self {
        Self {
            text: capped(text.into()),
            is_error: true,
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn into_text(self) -> String {
        self.text
    }

    pub fn is_error(&self) -> bool {
        self.is_error
    }
}

impl From<Result<String, String>> for ToolResult {
    fn from(answer: Result<String, String>) -> Self {
        match answer {
            Ok(text) => Self::done(text),
            Err(text) => Self::error(text),
        }
    }
}

fn capped(mut text: String) -> String {
    if text.len() <= MAX_RESULT_BYTES {
        return text;
    }
    let whole = text.len();
    let notice = format!("\n[cut: this result was {whole} bytes, more than {MAX_RESULT_BYTES}]");
    cut(&mut text, MAX_RESULT_BYTES - notice.len());
    text + &notice
}

/// Cuts a text to at most so many bytes, between characters. Says whether it was longer.
pub fn cut(text: &mut String, max_bytes: usize) -> bool {
    let is_longer = text.len() > max_bytes;
    if is_longer {
        let ends = (0..=max_bytes).rev();
        let end = ends.into_iter().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
    }
    is_longer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_that_is_too_long_is_cut_between_characters_and_says_so() {
        let result = ToolResult::done("ü".repeat(MAX_RESULT_BYTES));
        assert!(result.text().len() <= MAX_RESULT_BYTES);
        let (kept, notice) = result.text().split_once('\n').unwrap();
        assert!(kept.chars().all(|c| c == 'ü'));
        assert_eq!(
            notice,
            "[cut: this result was 100000 bytes, more than 50000]"
        );
        assert_eq!(
            ToolResult::done("x".repeat(MAX_RESULT_BYTES)).text().len(),
            MAX_RESULT_BYTES
        );
    }
}
