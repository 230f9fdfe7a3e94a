/** Amounts as iperf writes them: three digits, bytes in powers of 1024, bits in powers of 1000. */

const PREFIXES = ['', 'K', 'M', 'G', 'T'];

/** `1.25 MBytes`, padded in front to the width of its column. */
export function transferText(bytes: number): string {
  return scaled(bytes, 1024, 'Bytes').padStart(11);
}

/** `94.1 Mbits/sec` */
export function rateText(bitsPerSecond: number): string {
  return `${scaled(bitsPerSecond, 1000, 'bits')}/sec`.padStart(14);
}

function scaled(amount: number, step: number, unit: string): string {
  let value = amount;
  let prefix = 0;
  while (value >= step && prefix < PREFIXES.length - 1) {
    value /= step;
    prefix += 1;
  }
  // iperf's bits have small prefixes: Kbits is what it writes all the same.
  return `${threeDigits(value)} ${PREFIXES[prefix]}${unit}`;
}

function threeDigits(value: number): string {
  if (value < 9.995) return value.toFixed(2);
  return value < 99.95 ? value.toFixed(1) : value.toFixed(0);
}

/** Bit/s as `1M`, `64K`, `2.5G`: powers of 1000, as iperf reads them. Undefined for anything else. */
export function parseRate(text: string): number | undefined {
  return parseScaled(text, 1000);
}

/** `10`, `64K`, `1.5M`, `1G`: powers of 1024, as iperf reads them. Undefined for anything else. */
export function parseAmount(text: string): number | undefined {
  return parseScaled(text, 1024);
}

function parseScaled(text: string, step: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/i.exec(text);
  if (match === null) return undefined;
  return Math.floor(Number(match[1]) * step ** PREFIXES.indexOf(match[2].toUpperCase()));
}
