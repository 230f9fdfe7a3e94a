/**
 * Where the devices of a drawing stand: stress majorization (Gansner, Koren and North, "Graph Drawing by Stress
 * Majorization", 2004). Distances on paper come as near as they can to distances in links; no chance is in it, so that
 * the same topology gives the same picture.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Edges as pairs of indexes below `count`. A link is about 1 long; parts without a link to each other stand side by side. */
export function layOut(count: number, edges: readonly (readonly [number, number])[]): Point[] {
  const neighbors: number[][] = Array.from({ length: count }, () => []);
  for (const [a, b] of edges) {
    if (a === b || neighbors[a].includes(b)) continue;
    neighbors[a].push(b);
    neighbors[b].push(a);
  }
  const points: Point[] = new Array(count);
  let left = 0;
  for (const part of partsOf(neighbors)) {
    const placed = layLevel(majorize(part, neighbors));
    const minX = Math.min(...placed.map(({ x }) => x));
    const maxX = Math.max(...placed.map(({ x }) => x));
    part.forEach((node, i) => {
      points[node] = { x: placed[i].x - minX + left, y: placed[i].y };
    });
    left += maxX - minX + 1.2;
  }
  return points;
}

function partsOf(neighbors: readonly (readonly number[])[]): number[][] {
  const seen = new Set<number>();
  return neighbors.flatMap((_, start) => {
    if (seen.has(start)) return [];
    const part = [start];
    seen.add(start);
    for (const node of part) {
      for (const next of neighbors[node]) {
        if (!seen.has(next)) {
          seen.add(next);
          part.push(next);
        }
      }
    }
    return [part];
  });
}

/** How many links apart, from one node to all of its part. */
function distancesFrom(start: number, neighbors: readonly (readonly number[])[]): Map<number, number> {
  const distances = new Map([[start, 0]]);
  for (const [node, distance] of distances) {
    for (const next of neighbors[node]) if (!distances.has(next)) distances.set(next, distance + 1);
  }
  return distances;
}

function majorize(part: readonly number[], neighbors: readonly (readonly number[])[]): Point[] {
  const size = part.length;
  const distances = part.map((node) => {
    const from = distancesFrom(node, neighbors);
    return part.map((other) => from.get(other) ?? 0);
  });
  // Breadth first from node 0: neighbours start next to each other on the circle, which spares most crossings.
  const points = part.map((_, i) => {
    const angle = (2 * Math.PI * i) / size;
    const radius = 0.5 + distances[0][i] / 2;
    return { x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
  });
  const rounds = Math.max(20, Math.min(400, Math.floor(20_000_000 / (size * size + 1))));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < size; i++) points[i] = improved(points, distances[i], i);
  }
  return points;
}

/** The place that the others want for this node, each the more the nearer it is. */
function improved(points: readonly Point[], distances: readonly number[], i: number): Point {
  let x = 0;
  let y = 0;
  let total = 0;
  points.forEach((other, j) => {
    if (j === i) return;
    const distance = distances[j];
    const weight = 1 / (distance * distance);
    const dx = points[i].x - other.x;
    const dy = points[i].y - other.y;
    const now = Math.hypot(dx, dy) || 1e-6;
    x += weight * (other.x + (dx / now) * distance);
    y += weight * (other.y + (dy / now) * distance);
    total += weight;
  });
  return total === 0 ? points[i] : { x: x / total, y: y / total };
}

/** Turns the longest way of the drawing to lie level, with the first node on the left. */
function layLevel(points: readonly Point[]): Point[] {
  const middle = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const centre = { x: middle(points.map(({ x }) => x)), y: middle(points.map(({ y }) => y)) };
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (const { x, y } of points) {
    xx += (x - centre.x) ** 2;
    yy += (y - centre.y) ** 2;
    xy += (x - centre.x) * (y - centre.y);
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2;
  const turned = points.map(({ x, y }) => ({
    x: (x - centre.x) * Math.cos(angle) + (y - centre.y) * Math.sin(angle),
    y: (y - centre.y) * Math.cos(angle) - (x - centre.x) * Math.sin(angle),
  }));
  const mirror = turned[0].x > 0 ? -1 : 1;
  return turned.map(({ x, y }) => ({ x: x * mirror, y }));
}
