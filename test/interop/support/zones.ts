/** Zones as text that two programs can be compared by: one record a line, without what programs write differently. */

/**
 * What `dig AXFR` or `named-compilezone` prints, as sorted lines: one blank between fields, comments and the second SOA
 * of a transfer left out.
 */
export function recordLines(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '' && !line.startsWith(';'));
  return [...new Set(lines)].sort();
}

/** Serial of what `dig +short SOA` prints. */
export function serialIn(soa: string): number {
  return Number(soa.split(' ')[2]);
}
