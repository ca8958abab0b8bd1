//! What a search looks for, and the cells that cover it.

use super::cell::{Area, Cell, LATITUDES, LONGITUDES};
use super::{EARTH_RADIUS, Origin, Position, degrees, radians, score_bits};

/// Half of the earth's circumference at the equator on the map, in metres.
const MERCATOR_MAX: f64 = 20_037_726.37;

/// The extent of a search around its centre; lengths are in the unit of the request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extent {
    Circle { radius: f64 },
    Rectangle { width: f64, height: f64 },
}

/// A part of the earth in which members are searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) centre: Position,
    pub(super) extent: Extent,
    /// Metres of the unit that lengths are given in.
    pub(super) unit: f64,
}

/// The degrees between which a shape lies.
struct Bounds {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

/// Tells most of what lies outside a shape by comparing scores, where a distance takes five functions of angles.
///
/// The bits of a latitude that are spread over a score are in the same order as the latitudes, so nothing has to be
/// gathered. All ends are those of a box around the shape and a little larger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sieve {
    south: u64,
    north: u64,
    west: u64,
    east: u64,
    /// The box crosses the edge of the map, so that its west is east of its east.
    is_wrapped: bool,
}

impl Sieve {
    /// Lets everything pass.
    const OPEN: Sieve = Sieve { south: 0, north: u64::MAX, west: 0, east: u64::MAX, is_wrapped: false };

    /// Whether the location of such a score may lie within the shape.
    #[inline]
    pub(super) fn passes(&self, score: f64) -> bool {
        let bits = score_bits(score);
        let (latitude, longitude) = Cell::axes(bits);
        let is_beside = if self.is_wrapped {
            longitude > self.east && longitude < self.west
        } else {
            longitude < self.west || longitude > self.east
        };
        // What lies behind the edge of the map is taken for what lies on it.
        !(latitude < self.south || latitude > self.north || is_beside) || bits >= Cell::SCORES_END
    }
}

impl Shape {
    /// What tells most of the locations outside.
    pub(super) fn sieve(&self) -> Sieve {
        let Position { longitude, latitude } = self.centre;
        let Some((high, wide)) = self.reach() else { return Sieve::OPEN };
        // More than what any rounding amounts to; the parts beyond the ends add metres.
        let (high, wide) = (high * (1.0 + 1e-9) + 1e-9, wide * (1.0 + 1e-9) + 1e-9);
        let (south, north) = LATITUDES.parts_between(latitude - high, latitude + high, Cell::STEPS_MAX);
        let (south, _) = Cell::axes_of(south, 0);
        let (north, _) = Cell::axes_of(north, 0);
        let sieve = Sieve { south, north, ..Sieve::OPEN };
        if wide >= 179.0 {
            return sieve;
        }
        let (mut west, mut east) = (longitude - wide, longitude + wide);
        let is_wrapped = west < LONGITUDES.least || east > LONGITUDES.most;
        if west < LONGITUDES.least {
            west += 360.0;
        }
        if east > LONGITUDES.most {
            east -= 360.0;
        }
        let (west, east) = LONGITUDES.parts_between(west, east, Cell::STEPS_MAX);
        let (_, west) = Cell::axes_of(0, west);
        let (_, east) = Cell::axes_of(0, east);
        Sieve { west, east, is_wrapped, ..sieve }
    }

    /// How many degrees of latitude and of longitude what lies within may be away from the centre; nothing if that
    /// may be any.
    fn reach(&self) -> Option<(f64, f64)> {
        let latitude = radians(self.centre.latitude).abs();
        let (high, wide) = match self.extent {
            Extent::Circle { radius } => {
                let angle = radius * self.unit / EARTH_RADIUS;
                // Around a pole there are all longitudes.
                let is_beside_pole = latitude + angle < core::f64::consts::FRAC_PI_2 - 1e-6;
                let sine = libm::sin(angle) / libm::cos(latitude);
                (angle, if is_beside_pole { libm::asin(sine) } else { f64::INFINITY })
            }
            Extent::Rectangle { width, height } => {
                let (high, half) =
                    (height * self.unit / 2.0 / EARTH_RADIUS, width * self.unit / 4.0 / EARTH_RADIUS);
                // Its width holds along each circle of latitude, and is most degrees where that is shortest.
                let shortest = libm::cos((latitude + high).min(core::f64::consts::FRAC_PI_2));
                let sine = libm::sin(half) / shortest;
                let has_ends = half < core::f64::consts::FRAC_PI_2 && sine < 1.0 - 1e-6;
                (high, if has_ends { 2.0 * libm::asin(sine) } else { f64::INFINITY })
            }
        };
        high.is_finite().then(|| (degrees(high), degrees(wide)))
    }

    /// The distance of a location from the centre, which is `origin`, in metres, if it lies within the shape.
    pub(super) fn distance(&self, origin: &Origin, location: Position) -> Option<f64> {
        let centre = self.centre;
        match self.extent {
            Extent::Circle { radius } => {
                let distance = origin.distance(location);
                let is_outside = distance > radius * self.unit;
                (!is_outside).then_some(distance)
            }
            Extent::Rectangle { width, height } => {
                if location.distance_along_meridian(centre) > height * self.unit / 2.0 {
                    return None;
                }
                let beside = Position { latitude: location.latitude, ..centre };
                if location.distance(beside) > width * self.unit / 2.0 {
                    return None;
                }
                Some(origin.distance(location))
            }
        }
    }

    /// The cells to look through, in Redis's order: the one of the centre and those of its eight neighbours that the
    /// shape reaches.
    pub(super) fn cells(&self) -> [Option<Cell>; 9] {
        let bounds = self.bounds();
        let mut steps = self.steps();
        let mut cell = Cell::around(self.centre, LATITUDES, steps);
        if steps > 1 && !are_covered(cell, &bounds) {
            steps -= 1;
            cell = Cell::around(self.centre, LATITUDES, steps);
        }
        let Area { longitudes, latitudes } = cell.area();
        // With cells of half the earth, the same one may be on both sides.
        let is_fine = steps >= 2;
        let reaches = |east: i32, north: i32| {
            !(is_fine
                && ((north < 0 && latitudes.least < bounds.south)
                    || (north > 0 && latitudes.most > bounds.north)
                    || (east < 0 && longitudes.least < bounds.west)
                    || (east > 0 && longitudes.most > bounds.east)))
        };
        [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)]
            .map(|(east, north)| reaches(east, north).then(|| cell.neighbour(east, north)))
    }

    fn bounds(&self) -> Bounds {
        let Position { longitude, latitude } = self.centre;
        let (height, width) = match self.extent {
            Extent::Circle { radius } => (self.unit * radius, self.unit * radius),
            Extent::Rectangle { width, height } => (self.unit * (height / 2.0), self.unit * (width / 2.0)),
        };
        let high = degrees(height / EARTH_RADIUS);
        // A degree of longitude is shortest on the side of the pole.
        let widest = if latitude < 0.0 { latitude - high } else { latitude + high };
        let wide = degrees(width / EARTH_RADIUS / libm::cos(radians(widest)));
        Bounds {
            west: longitude - wide,
            east: longitude + wide,
            south: latitude - high,
            north: latitude + high,
        }
    }

    /// How small cells may be so that a cell and its neighbours cover the shape, in most cases.
    fn steps(&self) -> u32 {
        let reach = match self.extent {
            Extent::Circle { radius } => radius,
            Extent::Rectangle { width, height } => {
                libm::sqrt((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0))
            }
        };
        let mut metres = reach * self.unit;
        if metres == 0.0 {
            return Cell::STEPS_MAX;
        }
        let mut steps: i32 = 1;
        while metres < MERCATOR_MAX {
            metres *= 2.0;
            steps += 1;
        }
        steps -= 2;
        // On the map everything is larger towards the poles.
        let latitude = self.centre.latitude.abs();
        steps -= i32::from(latitude > 66.0) + i32::from(latitude > 80.0);
        steps.clamp(1, Cell::STEPS_MAX as i32) as u32
    }
}

/// Whether a cell and its neighbours reach all bounds.
fn are_covered(cell: Cell, bounds: &Bounds) -> bool {
    let area = |east, north| cell.neighbour(east, north).area();
    area(0, 1).latitudes.most >= bounds.north
        && area(0, -1).latitudes.least <= bounds.south
        && area(1, 0).longitudes.most >= bounds.east
        && area(-1, 0).longitudes.least <= bounds.west
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// Away from the poles and the edge of the map, where cells are known to leave something out.
    #[test]
    fn cells_cover_what_is_within() {
        let mut random = Random::new([4; 16]);
        let mut fraction = || random.next_u64() as f64 / u64::MAX as f64;
        let mut within = 0;
        for _ in 0..3000 {
            let centre =
                Position { longitude: 240.0 * fraction() - 120.0, latitude: 100.0 * fraction() - 50.0 };
            let reach = libm::pow(10.0, 1.0 + 5.0 * fraction());
            let extent = if fraction() < 0.5 {
                Extent::Circle { radius: reach }
            } else {
                Extent::Rectangle { width: 2.0 * reach * fraction(), height: 2.0 * reach }
            };
            let shape = Shape { centre, extent, unit: 1.0 };
            for _ in 0..10 {
                let near = |fraction: f64| degrees(3.0 * reach * (fraction - 0.5) / EARTH_RADIUS);
                let location = Position {
                    longitude: centre.longitude + near(fraction()),
                    latitude: centre.latitude + near(fraction()),
                };
                let location = Position::of_score(location.score() as f64);
                if shape.distance(&Origin::new(shape.centre), location).is_none() {
                    continue;
                }
                within += 1;
                let score = location.score();
                let is_found = shape.cells().iter().flatten().any(|cell| {
                    let (first, end) = cell.scores();
                    (first..end).contains(&score)
                });
                assert!(is_found, "{shape:?} {location:?}");
            }
        }
        assert!(within > 5000);
    }

    /// Everywhere, over the poles and the edge of the map as well, and from metres to more than the earth.
    #[test]
    fn a_sieve_lets_pass_what_is_within() {
        let mut random = Random::new([5; 16]);
        let mut fraction = || random.next_u64() as f64 / u64::MAX as f64;
        let (mut within, mut passed, mut all) = (0, 0, 0);
        for _ in 0..if cfg!(miri) { 20 } else { 5000 } {
            let centre = Position {
                longitude: [360.0 * fraction() - 180.0, 180.0, -180.0, 179.99]
                    [(4.0 * fraction()) as usize % 4],
                latitude: 170.0 * fraction() - 85.0,
            };
            let reach = libm::pow(10.0, 8.0 * fraction());
            let extent = if fraction() < 0.5 {
                Extent::Circle { radius: reach }
            } else {
                Extent::Rectangle { width: 2.0 * reach * fraction(), height: 2.0 * reach * fraction() }
            };
            let shape = Shape { centre, extent, unit: 1.0 };
            let (sieve, origin) = (shape.sieve(), Origin::new(centre));
            for _ in 0..20 {
                let near = |fraction: f64| degrees(4.0 * reach * (fraction - 0.5) / EARTH_RADIUS);
                let longitude = centre.longitude + near(fraction()) / libm::cos(radians(centre.latitude));
                let location = Position {
                    longitude: (longitude + 540.0).rem_euclid(360.0) - 180.0,
                    latitude: (centre.latitude + near(fraction())).clamp(LATITUDES.least, LATITUDES.most),
                };
                let score = location.score() as f64;
                let is_within = shape.distance(&origin, Position::of_score(score)).is_some();
                assert!(!is_within || sieve.passes(score), "{shape:?} {location:?} {sieve:?}");
                all += 1;
                within += u32::from(is_within);
                passed += u32::from(sieve.passes(score));
            }
        }
        assert!(within < passed && passed < all, "{within} {passed} {all}");
    }

    #[test]
    fn what_has_no_end_passes() {
        let centre = Position { longitude: 1.0, latitude: 2.0 };
        for radius in [f64::INFINITY, f64::NAN, f64::MAX] {
            let sieve = Shape { centre, extent: Extent::Circle { radius }, unit: 1000.0 }.sieve();
            assert!([0.0, 1e15, 4e15, 1e18, f64::INFINITY].into_iter().all(|score| sieve.passes(score)));
        }
    }
}
