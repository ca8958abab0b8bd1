/** A map of a town by the sea that does not exist, drawn here: no picture is loaded from anywhere. */

import { h } from '../dom.js';
import { shape } from '../svg.js';

/** Longitude and latitude, in degrees. */
export type Place = readonly [lon: number, lat: number];

export const WEST = 8;
export const EAST = 8.2;
export const SOUTH = 54;
export const NORTH = 54.1;
/** A degree of latitude, and one of longitude at 54°, in kilometres. */
const KM_PER_LAT = 111.2;
const KM_PER_LON = 65.4;
/** What is drawn: a tenth of a kilometre is 1. */
const WIDTH = (EAST - WEST) * KM_PER_LON * 10;
const HEIGHT = (NORTH - SOUTH) * KM_PER_LAT * 10;
/** How far an arrow key goes, in degrees of latitude. */
const STEP = 0.002;
/** North of this line, in parts of the height, is the sea. */
const SHORE = 0.22;

const SEA = 'M0 0H131V14C118 20 108 17 98 21S80 30 70 24 52 14 40 20 18 27 0 20z';
const RIVER = 'M66 24C64 40 74 48 70 60S52 78 58 90 64 104 60 112';
const STREETS = 'M0 44C30 40 60 46 131 38M0 72C40 66 80 76 131 68M8 94C50 90 90 98 131 92M24 24C28 50 22 80 26 112M46 20C48 50 40 80 44 112M92 22C90 50 96 80 92 112M114 18C112 50 116 84 112 112';
const LANES = 'M0 58C40 54 60 58 66 58M74 52C90 54 110 52 131 54M0 84C20 80 40 82 54 80M62 82C90 86 110 82 131 80M12 22V112M36 22V112M80 28V112M103 20V112M124 16V112';
const PARKS = 'M96 72h14c2 6 1 12-1 17H97zM14 48c6-3 10-2 11-1v18H13z';

export class TownMap {
  private readonly circle = shape('circle', { class: 'reach' });
  private readonly lines = shape('g', { class: 'ways' });
  private readonly cars = shape('g', {});
  private readonly pin = shape('g', { class: 'pin' }, shape('path', { d: 'M0 0C-2.6-4-4-5.6-4-8a4 4 0 0 1 8 0c0 2.4-1.4 4-4 8z' }), shape('circle', { cy: -8, r: 1.5 }));
  private readonly drawing: SVGSVGElement;
  readonly element: HTMLElement;
  private here: Place = [WEST, SOUTH];

  /** `choose` is told where somebody wants to be. */
  constructor(private readonly choose: (place: Place) => void) {
    const land = ['land', 'M0 0H131V112H0z', 'sea', SEA, 'park', PARKS, 'lane', LANES, 'street', STREETS, 'river', RIVER];
    const parts: Element[] = [];
    for (let at = 0; at < land.length; at += 2) parts.push(shape('path', { class: land[at]!, d: land[at + 1]! }));
    const bay = shape('text', { x: 101, y: 10 }, 'Wadden Bay');
    this.drawing = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' }, ...parts, bay, this.circle, this.lines, this.cars, this.pin) as SVGSVGElement;
    this.element = h('div', { class: 'map', tabindex: 0, role: 'group', 'aria-label': 'Map: the arrow keys move you' }, this.drawing as unknown as HTMLElement);
    this.element.addEventListener('click', (event) => this.click(event));
    this.element.addEventListener('keydown', (event) => this.press(event));
  }

  show(here: Place, kilometres: number, drivers: readonly (readonly [string, Place])[], nearest: readonly string[]): void {
    this.here = here;
    const [x, y] = onMap(here);
    this.pin.setAttribute('transform', `translate(${x} ${y})`);
    for (const [name, value] of Object.entries({ cx: x, cy: y, r: kilometres * 10 })) this.circle.setAttribute(name, String(value));
    const near = drivers.filter(([name]) => nearest.includes(name));
    this.lines.replaceChildren(...near.map(([, at]) => shape('path', { d: `M${x} ${y}L${onMap(at).join(' ')}` })));
    this.cars.replaceChildren(...drivers.map(([name, at]) => carOf(name, at, nearest.includes(name))));
  }

  /** A place on land, at random. */
  anywhere(): Place {
    return within([WEST + Math.random() * (EAST - WEST), SOUTH + Math.random() * (NORTH - SOUTH)]);
  }

  /** A place at most so many degrees from another one. */
  near([lon, lat]: Place, degrees: number): Place {
    const some = (): number => (2 * Math.random() - 1) * degrees;
    return within([lon + some(), lat + some()]);
  }

  private click(event: MouseEvent): void {
    const { left, top, width, height } = this.drawing.getBoundingClientRect();
    const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
    this.choose([WEST + x * (EAST - WEST), NORTH - y * (NORTH - SOUTH)]);
  }

  private press(event: KeyboardEvent): void {
    const steps: Record<string, Place> = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const [lon, lat] = this.here;
    this.choose([clamp(lon + (step[0] * KM_PER_LAT) / KM_PER_LON, WEST, EAST), clamp(lat + step[1], SOUTH, NORTH)]);
  }
}

function carOf(name: string, at: Place, isNear: boolean): SVGElement {
  const [x, y] = onMap(at);
  return shape('g', { class: isNear ? 'car near' : 'car', transform: `translate(${x} ${y})` }, shape('circle', { r: 3 }), shape('text', { y: 1.2 }, name.slice(0, 1)));
}

function onMap([lon, lat]: Place): [x: number, y: number] {
  return [((lon - WEST) / (EAST - WEST)) * WIDTH, ((NORTH - lat) / (NORTH - SOUTH)) * HEIGHT];
}

/** The nearest place on the map that a car can be at. */
function within([lon, lat]: Place): Place {
  const margin = 0.005;
  return [clamp(lon, WEST + margin, EAST - margin), clamp(lat, SOUTH + margin, NORTH - SHORE * (NORTH - SOUTH) - margin)];
}

function clamp(number: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, number));
}
