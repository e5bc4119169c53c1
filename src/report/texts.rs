//! Many short texts in one piece of memory.

/// Texts one behind the other.
#[derive(Clone, Debug, Default)]
pub struct Texts(String);

/// The place of a text among others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Text {
    at: u32,
    len: u32,
}

impl Texts {
    /// Keeps a text; its place finds it again.
    pub fn keep(&mut self, text: &str) -> Text {
        let at = self.0.len() as u32;
        self.0.push_str(text);
        Text {
            at,
            len: text.len() as u32,
        }
    }

    /// The text at a place.
    pub fn get(&self, Text { at, len }: Text) -> &str {
        let (at, len) = (at as usize, len as usize);
        self.0.get(at..at + len).unwrap_or_default()
    }

    /// Lets go of all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
