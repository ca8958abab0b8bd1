import { Redis } from 'ioredis';

const redis = new Redis();

async function page(name) {
  const kept = await redis.get(`cache:${name}`);
  if (kept !== null) return kept;
  const made = await origin(name); // slow
  await redis.set(`cache:${name}`, made, 'EX', 15);
  return made;
}

async function origin(name) {
  return `<h1>${name}</h1>`;
}

await page('tides'); // '<h1>tides</h1>'
await redis.exists('cache:tides'); // 1
await page('tides'); // '<h1>tides</h1>'

await redis.quit();
