//! The commands of lists.

mod ends;
mod inside;
mod several;
#[cfg(test)]
mod tests;
mod waiting;

use crate::base::error::Error;
use crate::command::{Arg, Command, one_of, token};
use crate::structures::{Item, List, Room};

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[ends::ROWS, inside::ROWS, several::ROWS, waiting::ROWS];

/// One of the ends of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The head.
    Left,
    /// The tail.
    Right,
}

impl End {
    fn parse(word: &[u8]) -> Result<End, Error> {
        match word {
            word if word.eq_ignore_ascii_case(b"LEFT") => Ok(End::Left),
            word if word.eq_ignore_ascii_case(b"RIGHT") => Ok(End::Right),
            _ => Err(Error::Syntax),
        }
    }

    /// Pushes after [`List::grow`].
    fn push(self, list: &mut List, value: &[u8], room: Room) {
        match self {
            End::Left => list.push_front_within(value, room),
            End::Right => list.push_back_within(value, room),
        }
    }

    fn peek(self, list: &List) -> Option<Item<'_>> {
        match self {
            End::Left => list.front(),
            End::Right => list.back(),
        }
    }

    fn drop_one(self, list: &mut List) {
        match self {
            End::Left => list.drop_front(1),
            End::Right => list.drop_back(1),
        }
    }

    const fn push_event(self) -> &'static str {
        match self {
            End::Left => "lpush",
            End::Right => "rpush",
        }
    }

    const fn pop_event(self) -> &'static str {
        match self {
            End::Left => "lpop",
            End::Right => "rpop",
        }
    }

    const fn pop_command(self) -> &'static [u8] {
        match self {
            End::Left => b"LPOP",
            End::Right => b"RPOP",
        }
    }
}

/// LEFT or RIGHT, under the name that the command gives the argument.
const fn end(name: &'static str) -> Arg {
    const ENDS: &[Arg] = &[token("left", "LEFT"), token("right", "RIGHT")];
    one_of(name, ENDS)
}
