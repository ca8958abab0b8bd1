/** Drivers near somebody, on a map. */

import { h } from '../dom.js';
import ioredis from './code/drivers.ioredis.mjs';
import nodeRedis from './code/drivers.node-redis.mjs';
import { act, slider, steady } from './controls.js';
import type { Around, Demo } from './demo.js';
import { type Place, TownMap, WEST, EAST, SOUTH, NORTH } from './map.js';

const NAMES = ['Ann', 'Ben', 'Cleo', 'Dan', 'Eva', 'Finn', 'Gia', 'Hugo', 'Ida', 'Jon', 'Kim', 'Leo'];
/** Drivers that are offered. */
const NEAREST = 4;
/** The sides of a square in which all drivers are, wherever on the map one stands. */
const ALL_KM = 60;
/** How far one drives at most in one go, in degrees. */
const STEP = 0.004;

export const drivers: Demo = {
  id: 'drivers',
  name: 'Nearest drivers',
  about: 'Positions are kept in a sorted set that is ordered by place: those within a circle are found without looking at the others.',
  icon: 'M12 21s7-6.5 7-12a7 7 0 0 0-14 0c0 5.5 7 12 7 12zM12 11.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  rules: {
    lon: { kind: 'number', usual: 8.1, min: WEST, max: EAST, step: 0.001 },
    lat: { kind: 'number', usual: 54.04, min: SOUTH, max: NORTH, step: 0.001 },
    km: { kind: 'number', usual: 3, min: 0.5, max: 8, step: 0.5 },
  },
  code: { ioredis, 'node-redis': nodeRedis },
  open,
};

type Found = [name: string, kilometres: string, place: Place];

function open(stage: HTMLElement, around: Around): () => Promise<void> {
  const key = around.key('positions');
  const list = h('ol', { class: 'rows', 'aria-label': 'The nearest drivers' });
  const said = h('p', { class: 'soft', role: 'status' });
  const here = (): Place => [around.number('lon'), around.number('lat')];
  const map = new TownMap((place) => {
    around.set('lon', place[0].toFixed(3));
    around.set('lat', place[1].toFixed(3));
    around.changed();
  });
  let known: Found[] = [];

  const place = async (positions: readonly (readonly [Place, string])[]): Promise<void> => {
    await around.run('GEOADD', key, ...positions.flatMap(([[lon, lat], name]) => [lon.toFixed(4), lat.toFixed(4), name]));
    around.changed();
  };
  const begin = (): Promise<void> => place(NAMES.map((name) => [map.anywhere(), name]));
  const drive = async (): Promise<void> => {
    if (known.length > 0) await place(known.map(([name, , from]) => [map.near(from, STEP), name]));
  };
  const start = act('Send twelve drivers out', begin);
  const driving = steady(around, 'Drive', 1000, drive);

  stage.append(
    h('div', { class: 'row wide' }, slider(drivers, around, 'km', 'Within', ' km', () => around.changed()), start, driving),
    h('div', { class: 'columns geo' }, map.element, h('div', {}, said, list)),
  );
  return async () => {
    const [lon, lat] = here();
    const km = around.number('km');
    const from = ['FROMLONLAT', lon, lat] as const;
    const [found, all] = (await Promise.all([
      around.read('GEOSEARCH', key, ...from, 'BYRADIUS', km, 'km', 'ASC', 'COUNT', NEAREST, 'WITHCOORD', 'WITHDIST'),
      around.read('GEOSEARCH', key, ...from, 'BYBOX', ALL_KM, ALL_KM, 'km', 'ASC', 'WITHCOORD', 'WITHDIST'),
    ])) as [Found[], Found[]];
    known = all;
    start.hidden = all.length > 0;
    driving.hidden = !start.hidden;
    map.show([lon, lat], km, all.map(([name, , at]) => [name, at]), found.map(([name]) => name));
    list.replaceChildren(...found.map(([name, distance]) => h('li', {}, h('span', { class: 'face' }, name.slice(0, 1)), h('b', { class: 'grow' }, name), h('span', { class: 'number' }, `${Number(distance).toFixed(2)} km`))));
    said.textContent = all.length === 0 ? 'No driver is out yet.' : found.length === 0 ? `Nobody within ${km} km: widen the circle, or choose another place.` : 'Tap the map, or use its arrow keys, to stand elsewhere.';
  };
}
