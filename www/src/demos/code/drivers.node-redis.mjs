import { createClient } from 'redis';

const redis = await createClient().connect();

// Said again whenever one has moved.
await redis.geoAdd('drivers', [
  { longitude: 8.09, latitude: 54.05, member: 'Ann' },
  { longitude: 8.13, latitude: 54.03, member: 'Ben' },
  { longitude: 8.18, latitude: 54.09, member: 'Cleo' },
]);

async function nearest(longitude, latitude, km) {
  const found = await redis.geoSearchWith(
    'drivers',
    { longitude, latitude },
    { radius: km, unit: 'km' },
    ['WITHDIST'],
    { SORT: 'ASC', COUNT: 4 },
  );
  return found.map(({ member, distance }) => `${member}: ${Number(distance).toFixed(1)} km`);
}

await nearest(8.1, 54.04, 3); // ['Ann: 1.3 km', 'Ben: 2.3 km']

await redis.close();
