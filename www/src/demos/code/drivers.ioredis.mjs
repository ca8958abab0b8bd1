import { Redis } from 'ioredis';

const redis = new Redis();

// Longitude, latitude, name; said again whenever one has moved.
await redis.geoadd('drivers', 8.09, 54.05, 'Ann', 8.13, 54.03, 'Ben', 8.18, 54.09, 'Cleo');

async function nearest(lon, lat, km) {
  const found = await redis.geosearch(
    'drivers',
    'FROMLONLAT', lon, lat,
    'BYRADIUS', km, 'km',
    'ASC', 'COUNT', 4,
    'WITHDIST',
  );
  return found.map(([name, distance]) => `${name}: ${Number(distance).toFixed(1)} km`);
}

await nearest(8.1, 54.04, 3); // ['Ann: 1.3 km', 'Ben: 2.3 km']

await redis.quit();
