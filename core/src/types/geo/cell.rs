//! Cells: what is left of the earth after it has been halved so many times in each direction.

#![expect(clippy::cast_possible_truncation, reason = "cells have at most 26 bits in each direction")]

use super::Position;

/// A range of degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Degrees {
    pub(super) least: f64,
    pub(super) most: f64,
}

pub(super) const LONGITUDES: Degrees = Degrees { least: -180.0, most: 180.0 };
/// The latitudes of the Mercator projection that web maps use, where the world is a square (EPSG:900913).
pub(super) const LATITUDES: Degrees = Degrees { least: -85.05112878, most: 85.05112878 };
pub(super) const ALL_LATITUDES: Degrees = Degrees { least: -90.0, most: 90.0 };

impl Degrees {
    pub(super) fn contains(&self, degrees: f64) -> bool {
        (self.least..=self.most).contains(&degrees)
    }

    /// Which of 2^`steps` equal parts has a degree.
    fn part(&self, degrees: f64, steps: u32) -> u32 {
        let fraction = (degrees - self.least) / (self.most - self.least);
        (fraction * (1_u64 << steps) as f64) as u32
    }

    /// The parts that have two degrees, and one more on either side.
    pub(super) fn parts_between(&self, first: f64, last: f64, steps: u32) -> (u32, u32) {
        let part = |degrees: f64| self.part(degrees.clamp(self.least, self.most), steps);
        (part(first).saturating_sub(1), part(last) + 1)
    }

    /// One of 2^`steps` equal parts.
    fn nth(&self, part: u32, steps: u32) -> Degrees {
        let end = |part: u32| {
            let fraction = f64::from(part) / (1_u64 << steps) as f64;
            self.least + fraction * (self.most - self.least)
        };
        // A score of all sorts may have more bits than a cell.
        Degrees { least: end(part), most: end(part.wrapping_add(1)) }
    }
}

/// A part of the earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Bits of the latitude at even, of the longitude at odd positions.
    pub(super) bits: u64,
    /// How often each direction was halved.
    pub(super) steps: u32,
}

/// The edges of a cell.
pub(super) struct Area {
    pub(super) longitudes: Degrees,
    pub(super) latitudes: Degrees,
}

const EVEN: u64 = 0x5555_5555_5555_5555;

impl Cell {
    /// The cells that scores stand for.
    pub(super) const STEPS_MAX: u32 = 26;

    /// The cell that has a position.
    pub(super) fn around(position: Position, latitudes: Degrees, steps: u32) -> Cell {
        let latitude = latitudes.part(position.latitude, steps);
        let longitude = LONGITUDES.part(position.longitude, steps);
        Cell { bits: spread(latitude) | spread(longitude) << 1, steps }
    }

    /// One more than the greatest score of a location on the map.
    pub(super) const SCORES_END: u64 = 1 << (2 * Cell::STEPS_MAX);

    /// The bits of the latitude and those of the longitude, each in the order of what they stand for.
    #[inline]
    pub(super) fn axes(bits: u64) -> (u64, u64) {
        (bits & EVEN, bits & !EVEN)
    }

    /// The same of a part of the latitudes and one of the longitudes.
    pub(super) fn axes_of(latitude: u32, longitude: u32) -> (u64, u64) {
        (spread(latitude), spread(longitude) << 1)
    }

    pub(super) fn area(self) -> Area {
        Area {
            longitudes: LONGITUDES.nth(gather(self.bits >> 1), self.steps),
            latitudes: LATITUDES.nth(gather(self.bits), self.steps),
        }
    }

    /// The cell so many to the east and to the north, around the earth in both directions. What is not moved stays as
    /// it is: a location on the very edge of the map lies in a cell behind it, where sets may have members.
    pub(super) fn neighbour(self, east: i32, north: i32) -> Cell {
        let mask = (1_u64 << self.steps) as u32 - 1;
        let moved = |part: u32, by: i32| if by == 0 { part } else { part.wrapping_add_signed(by) & mask };
        let latitude = moved(gather(self.bits), north);
        let longitude = moved(gather(self.bits >> 1), east);
        Cell { bits: spread(latitude) | spread(longitude) << 1, steps: self.steps }
    }

    /// The scores of all that lies in it: from the first one, up to but without the second.
    pub(super) fn scores(self) -> (u64, u64) {
        let shift = 2 * (Cell::STEPS_MAX - self.steps);
        (self.bits << shift, (self.bits + 1) << shift)
    }
}

/// Puts the bits of a number at the even positions.
fn spread(number: u32) -> u64 {
    let mut bits = u64::from(number);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, EVEN),
    ] {
        bits = (bits | bits << shift) & mask;
    }
    bits
}

/// The number whose bits are at the even positions.
fn gather(bits: u64) -> u32 {
    let mut number = bits & EVEN;
    for (shift, mask) in [
        (1, 0x3333_3333_3333_3333),
        (2, 0x0f0f_0f0f_0f0f_0f0f),
        (4, 0x00ff_00ff_00ff_00ff),
        (8, 0x0000_ffff_0000_ffff),
        (16, 0x0000_0000_ffff_ffff),
    ] {
        number = (number | number >> shift) & mask;
    }
    number as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_spread_and_gathered() {
        for number in [0, 1, 2, 0x8000_0000, 0xdead_beef, u32::MAX] {
            assert_eq!(gather(spread(number)), number);
            assert_eq!(gather(spread(number) | !EVEN), number);
        }
        assert_eq!(spread(0b101), 0b10001);
    }

    #[test]
    fn neighbours_touch() {
        let cell = Cell::around(Position { longitude: 10.0, latitude: 50.0 }, LATITUDES, 12);
        let (own, east, south) = (cell.area(), cell.neighbour(1, 0).area(), cell.neighbour(0, -1).area());
        assert_eq!((own.longitudes.most, own.latitudes), (east.longitudes.least, east.latitudes));
        assert_eq!((own.latitudes.least, own.longitudes), (south.latitudes.most, south.longitudes));
        let edge = Cell::around(Position { longitude: 179.99, latitude: 0.0 }, LATITUDES, 12);
        assert_eq!(edge.neighbour(1, 0).area().longitudes.least, -180.0);
    }
}
