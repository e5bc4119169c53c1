//! stub
use super::line::Line;
use super::{Give, Record, Seen, State};
pub const ID: &str = "reply";
pub struct Pending;
impl Pending {
    pub fn into_record<'a>(self) -> Record<'a> {
        Record::default()
    }
}
pub fn goes_on(_line: &str, _state: &mut State) -> bool {
    false
}
pub fn read<'a>(_line: &Line<'a>, _state: &mut State, _give: Give<'_, 'a>) -> Seen {
    Seen::NotMine
}
