//! Positions on the earth as scores of a sorted set: two binary fractions with their bits interleaved, so that what
//! is near on the earth is often near in the set. A search looks at the few ranges of scores that cover it.
//!
//! Formulas, constants and the order of operations are those of Redis, whose digits the replies must have.

use crate::number;

mod cell;
pub(crate) mod commands;
mod shape;

use cell::{Cell, LATITUDES, LONGITUDES};

/// The radius of a sphere like the earth, in metres.
const EARTH_RADIUS: f64 = 6_372_797.560856;

/// A location on the earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Position {
    longitude: f64,
    latitude: f64,
}

impl Position {
    /// Whether it can be stored: the regions around the poles cannot.
    fn is_valid(self) -> bool {
        LONGITUDES.contains(self.longitude) && LATITUDES.contains(self.latitude)
    }

    /// The score that stands for it.
    fn score(self) -> u64 {
        Cell::around(self, LATITUDES, Cell::STEPS_MAX).bits
    }

    /// The middle of the cell that a score stands for.
    fn of_score(score: f64) -> Position {
        let area = Cell { bits: score_bits(score), steps: Cell::STEPS_MAX }.area();
        Position {
            longitude: f64::midpoint(area.longitudes.least, area.longitudes.most)
                .clamp(LONGITUDES.least, LONGITUDES.most),
            latitude: f64::midpoint(area.latitudes.least, area.latitudes.most)
                .clamp(LATITUDES.least, LATITUDES.most),
        }
    }

    /// The distance to another location on the sphere in metres.
    fn distance(self, other: Position) -> f64 {
        Origin::new(self).distance(other)
    }

    /// The distance between the circles of latitude of two locations, in metres.
    fn distance_along_meridian(self, other: Position) -> f64 {
        EARTH_RADIUS * (radians(other.latitude) - radians(self.latitude)).abs()
    }

    /// The geohash (Niemeyer 2008) in its usual letters. The stored latitudes end before the poles, those of a geohash
    /// do not, so it is computed anew. The last letter has no bits left, and is always the first of the alphabet.
    fn geohash(self) -> [u8; 11] {
        const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        let bits = Cell::around(self, cell::ALL_LATITUDES, Cell::STEPS_MAX).bits;
        core::array::from_fn(|index| match 52_u32.checked_sub(5 * (number::short(index) + 1)) {
            Some(shift) => LETTERS[(bits >> shift & 31) as usize],
            None => LETTERS[0],
        })
    }
}

/// A location from which several distances are measured.
struct Origin {
    position: Position,
    /// Its coordinates in radians.
    longitude: f64,
    latitude: f64,
    /// Of the latitude.
    cosine: f64,
}

impl Origin {
    fn new(position: Position) -> Origin {
        let (longitude, latitude) = (radians(position.longitude), radians(position.latitude));
        Origin { position, longitude, latitude, cosine: libm::cos(latitude) }
    }

    /// The distance to a location on the sphere in metres, by the haversine formula.
    fn distance(&self, other: Position) -> f64 {
        let across = libm::sin((radians(other.longitude) - self.longitude) / 2.0);
        if across == 0.0 {
            return self.position.distance_along_meridian(other);
        }
        let other_latitude = radians(other.latitude);
        let along = libm::sin((other_latitude - self.latitude) / 2.0);
        let square = along * along + self.cosine * libm::cos(other_latitude) * across * across;
        2.0 * EARTH_RADIUS * libm::asin(libm::sqrt(square))
    }
}

fn radians(degrees: f64) -> f64 {
    degrees * (core::f64::consts::PI / 180.0)
}

fn degrees(radians: f64) -> f64 {
    radians / (core::f64::consts::PI / 180.0)
}

/// A score as the integer that C makes of it on the machines Redis runs on, where any score can stand in the set.
fn score_bits(score: f64) -> u64 {
    const HALF: f64 = (1_u64 << 63) as f64;
    if score < HALF {
        number::truncated(score).cast_unsigned()
    } else if score < 2.0 * HALF {
        number::whole(score)
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    fn anywhere(random: &mut Random) -> Position {
        let fraction = |random: &mut Random| random.next_u64() as f64 / u64::MAX as f64;
        Position {
            longitude: -180.0 + 360.0 * fraction(random),
            latitude: LATITUDES.least + (LATITUDES.most - LATITUDES.least) * fraction(random),
        }
    }

    #[test]
    fn a_score_keeps_a_place_to_less_than_a_metre() {
        let mut random = Random::new([1; 16]);
        for _ in 0..2000 {
            let location = anywhere(&mut random);
            let score = location.score();
            assert!(score < 1 << 52);
            let kept = Position::of_score(score as f64);
            assert!(location.distance(kept) < 0.6, "{location:?} {kept:?}");
            assert_eq!(kept.score(), score);
        }
    }

    #[test]
    fn places_known_from_documentation() {
        let palermo = Position { longitude: 13.361389, latitude: 38.115556 };
        let catania = Position { longitude: 15.087269, latitude: 37.502669 };
        assert_eq!(palermo.score(), 3_479_099_956_230_698);
        let [palermo, catania] =
            [palermo, catania].map(|location| Position::of_score(location.score() as f64));
        assert_eq!(&palermo.geohash(), b"sqc8b49rny0");
        assert_eq!(&catania.geohash(), b"sqdtr74hyu0");
        assert!((palermo.distance(catania) - 166_274.151_6).abs() < 1e-4);
    }

    #[test]
    fn any_score_is_a_place() {
        for score in [f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e18, 1e19, 2e19, 0.5, f64::MAX] {
            assert!(Position::of_score(score).is_valid(), "{score}");
        }
        assert_eq!(score_bits(-1.0), u64::MAX);
        assert_eq!(score_bits(f64::NEG_INFINITY), 1 << 63);
    }
}
