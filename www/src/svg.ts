/** Drawings: a line of what a number was, and a bar with how far off it may be. */

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** An element of a drawing. */
export function shape(name: string, attributes: Record<string, string | number>, ...children: (Element | string)[]): SVGElement {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** Values of the past, the latest at the right, where `most` of them have room. */
export function sparkline(values: readonly number[], most: number): SVGElement {
  const [width, height] = [120, 28];
  const highest = Math.max(...values, 1e-9);
  const points = values.map((value, at) => {
    const x = width - ((values.length - 1 - at) * width) / (most - 1);
    return `${x.toFixed(1)},${(height - 2 - (value / highest) * (height - 4)).toFixed(1)}`;
  });
  const line = shape('polyline', { points: points.join(' ') });
  return shape('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line);
}

/** A bar for a value, and a whisker from the lowest to the highest that it may be, as parts of the largest of all. */
export function bar(value: number, error: number, largest: number): SVGElement {
  const [width, height] = [200, 14];
  const x = (number: number): number => Math.max(0, Math.min(width, (number / largest) * width));
  const [low, high, middle] = [x(value - error), x(value + error), height / 2];
  const whisker = `M${low} ${middle}H${high}M${low} 3V${height - 3}M${high} 3V${height - 3}`;
  const parts = [shape('rect', { y: 2, width: x(value), height: height - 4 })];
  if (error > 0) parts.push(shape('path', { d: whisker }));
  return shape('svg', { class: 'bar', viewBox: `-1 0 ${width + 2} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...parts);
}
