/** Seconds as BIND writes them. */
const UNITS = [
  ['week', 604800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

function parts(seconds: number): (readonly [unit: string, count: number])[] {
  let left = seconds;
  const found: (readonly [string, number])[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0 || (unit === 'second' && found.length === 0)) found.push([unit, count]);
  }
  return found;
}

/** `1h30m`. */
export function durationText(seconds: number): string {
  return parts(seconds)
    .map(([unit, count]) => `${count}${unit[0]}`)
    .join('');
}

/** `1 hour 30 minutes`. */
export function spokenDuration(seconds: number): string {
  return parts(seconds)
    .map(([unit, count]) => `${count} ${unit}${count === 1 ? '' : 's'}`)
    .join(' ');
}
