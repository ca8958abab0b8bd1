//! The commands of locations.

mod members;
mod search;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use super::Position;
use crate::base::error::Error;
use crate::command::{Arg, Command, one_of, token};
use crate::number::{self, LongDouble};
use crate::resp::Reply;

/// The rows of each file.
pub(crate) const ROWS: &[&[Command]] = &[members::ROWS, search::ROWS];

/// A location that can be stored, from its longitude and its latitude.
fn location(longitude: &[u8], latitude: &[u8]) -> Result<Position, Error> {
    let read = |text| number::parse_f64(text).ok_or(Error::NotFloat);
    let location = Position { longitude: read(longitude)?, latitude: read(latitude)? };
    if location.is_valid() {
        return Ok(location);
    }
    let mut text = Vec::from(*b"ERR invalid longitude,latitude pair ");
    number::write_f64_fixed(&mut text, location.longitude, 6);
    text.push(b',');
    number::write_f64_fixed(&mut text, location.latitude, 6);
    Err(Error::Quoting(text))
}

/// The metres of a unit.
fn unit(word: &[u8]) -> Result<f64, Error> {
    match word.to_ascii_lowercase().as_slice() {
        b"m" => Ok(1.0),
        b"km" => Ok(1000.0),
        b"ft" => Ok(0.3048),
        b"mi" => Ok(1609.34),
        _ => Err(Error::Text("ERR unsupported unit provided. please use M, KM, FT, MI")),
    }
}

fn length(text: &[u8], fault: &'static str) -> Result<f64, Error> {
    number::parse_f64(text).ok_or(Error::Text(fault))
}

/// The longest text of a distance while it is made: an integer, a point, and five digits.
const DISTANCE_CHARS_MAX: usize = 26;

/// A distance is a byte string in either protocol.
fn reply_distance(reply: &mut Reply<'_>, distance: f64) {
    // As 7.2 writes its four decimal places: the double is rounded, half to even.
    let parts = number::whole(libm::rint(distance * 10_000.0));
    let mut text = Vec::with_capacity(DISTANCE_CHARS_MAX);
    number::write_u64(&mut text, parts / 10_000);
    text.push(b'.');
    // A one in front keeps the zeros.
    let at = text.len();
    number::write_u64(&mut text, 10_000 + parts % 10_000);
    text.remove(at);
    reply.bulk(&text);
}

fn reply_position(reply: &mut Reply<'_>, location: Position) {
    reply.array(2);
    for degrees in [location.longitude, location.latitude] {
        let mut text = Vec::with_capacity(32);
        LongDouble::from(degrees).write_human(&mut text);
        reply.double_text(&text);
    }
}

const UNIT: Arg = one_of("unit", &[token("m", "M"), token("km", "KM"), token("ft", "FT"), token("mi", "MI")]);
