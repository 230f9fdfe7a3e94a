/** Quantities with their units, as a topology writes them. A number without a unit is refused: "100" of what? */

const MS_PER: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BITS_PER: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 };
const BYTES_PER: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KiB: 1024,
  MB: 1e6,
  MiB: 1024 ** 2,
  GB: 1e9,
  GiB: 1024 ** 3,
};

export const DURATION_PATTERN = /^\d+(\.\d+)? ?(us|ms|s|min|h|d)$/;
export const RATE_PATTERN = /^\d+(\.\d+)? ?([kKmMgG]?bit)$/;
export const SIZE_PATTERN = /^\d+(\.\d+)? ?(B|kB|KiB|MB|MiB|GB|GiB)$/;
export const SHARE_PATTERN = /^\d+(\.\d+)? ?%$/;
/** A size, or a number of packets as tc writes it too: `100p`. */
export const QUEUE_PATTERN = /^(\d+(\.\d+)? ?(B|kB|KiB|MB|MiB|GB|GiB)|\d+ ?(p|packets?))$/;

/** Milliseconds: `20ms`, `1.5s`, `250us`, `5min`, `1h`, `1d`. Undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  return DURATION_PATTERN.test(text) ? scaled(text, MS_PER) : undefined;
}

/** Bits per second, above 0: `10Mbit`, `512kbit`. The letters' case does not matter. Undefined for anything else. */
export function parseRate(text: string): number | undefined {
  if (!RATE_PATTERN.test(text)) return undefined;
  const rate = scaled(text.toLowerCase(), BITS_PER);
  return rate > 0 ? rate : undefined;
}

/** Bytes, whole: `64KiB`, `1500B`. Undefined for anything else. */
export function parseSize(text: string): number | undefined {
  return SIZE_PATTERN.test(text) ? Math.round(scaled(text, BYTES_PER)) : undefined;
}

/** 0 … 1 of `0%` … `100%`. Undefined for anything else. */
export function parseShare(text: string): number | undefined {
  if (!SHARE_PATTERN.test(text)) return undefined;
  const percent = Number.parseFloat(text);
  return percent <= 100 ? percent / 100 : undefined;
}

/** `64KiB`, `100 packets`: at least one byte or packet. Undefined for anything else. */
export function parseQueue(text: string): { readonly bytes: number } | { readonly packets: number } | undefined {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes >= 1 ? { bytes } : undefined;
  const packets = QUEUE_PATTERN.test(text) ? Number.parseInt(text, 10) : 0;
  return packets >= 1 ? { packets } : undefined;
}

/** 0.2 is `20%`. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(6))}%`;
}

/** Exact: 65536 is `64KiB`, 10000 is `10kB`, 1500 is `1500B`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'GB', 'MiB', 'MB', 'KiB', 'kB']) {
    if (bytes >= BYTES_PER[unit] && bytes % BYTES_PER[unit] === 0) return `${bytes / BYTES_PER[unit]}${unit}`;
  }
  return `${bytes}B`;
}

/** The shortest way to write a duration: 90000 is `90s`, 1500 is `1.5s`, 0.2 is `200us`, two hours are `2h`. */
export function formatDuration(ms: number): string {
  if (ms >= MS_PER.h && ms % MS_PER.h === 0) return `${ms / MS_PER.h}h`;
  if (ms > 0 && ms < 1) return `${Number((ms * 1000).toFixed(3))}us`;
  return ms >= 1000 ? `${Number((ms / 1000).toFixed(3))}s` : `${Number(ms.toFixed(3))}ms`;
}

/** 10000000 is `10Mbit`. */
export function formatRate(bitsPerSecond: number): string {
  for (const [unit, size] of [
    ['Gbit', 1e9],
    ['Mbit', 1e6],
    ['kbit', 1e3],
  ] as const) {
    if (bitsPerSecond >= size) return `${Number((bitsPerSecond / size).toFixed(3))}${unit}`;
  }
  return `${bitsPerSecond}bit`;
}

function scaled(text: string, units: Readonly<Record<string, number>>): number {
  const unit = /[a-zA-Z]+$/.exec(text)?.[0] ?? '';
  return Number.parseFloat(text) * units[unit];
}
