//! What a search looks for, and the cells that cover it.

use super::cell::{Area, Cell, LATITUDES};
use super::{EARTH_RADIUS, Position, degrees, radians};

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

impl Shape {
    /// The distance of a place from the centre in metres, if it lies within the shape.
    pub(super) fn distance(&self, place: Position) -> Option<f64> {
        let centre = self.centre;
        match self.extent {
            Extent::Circle { radius } => {
                let distance = centre.distance(place);
                let is_outside = distance > radius * self.unit;
                (!is_outside).then_some(distance)
            }
            Extent::Rectangle { width, height } => {
                if place.distance_along_meridian(centre) > height * self.unit / 2.0 {
                    return None;
                }
                let beside = Position { latitude: place.latitude, ..centre };
                if place.distance(beside) > width * self.unit / 2.0 {
                    return None;
                }
                Some(centre.distance(place))
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
    use crate::random::Random;

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
                let place = Position {
                    longitude: centre.longitude + near(fraction()),
                    latitude: centre.latitude + near(fraction()),
                };
                let place = Position::of_score(place.score() as f64);
                if shape.distance(place).is_none() {
                    continue;
                }
                within += 1;
                let score = place.score();
                let is_found = shape.cells().iter().flatten().any(|cell| {
                    let (first, end) = cell.scores();
                    (first..end).contains(&score)
                });
                assert!(is_found, "{shape:?} {place:?}");
            }
        }
        assert!(within > 5000);
    }
}
