/** What a sample must look like, and how far chance may take it. */

/** Two-sided, of the standard normal distribution: 99 % lie within ± this. */
const Z_99 = 2.5758;
/** Asymptotic critical value of the Kolmogorov–Smirnov statistic at 1 %, to be divided by √n. */
const KS_99 = 1.6276;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 99 % interval of how many of `n` independent draws of probability `p` succeed (normal approximation, n·p·(1-p) ≫ 1). */
export function binomial99(n: number, p: number): Interval {
  const spread = Z_99 * Math.sqrt(n * p * (1 - p));
  return { low: n * p - spread, high: n * p + spread };
}

/** The 99 % interval of the mean of `n` independent draws of this mean and standard deviation. */
export function mean99(n: number, mean: number, deviation: number): Interval {
  const spread = (Z_99 * deviation) / Math.sqrt(n);
  return { low: mean - spread, high: mean + spread };
}

/** The same where each draw is like the one before it with correlation `rho` (a chain): fewer draws count. */
export function chainShare99(n: number, p: number, rho: number): Interval {
  const spread = Z_99 * Math.sqrt((p * (1 - p) * ((1 + rho) / (1 - rho))) / n);
  return { low: p - spread, high: p + spread };
}

export function isWithin(value: number, { low, high }: Interval): boolean {
  return value >= low && value <= high;
}

/** The greatest distance between the sample's distribution and `cdf`. */
export function ksDistance(sample: readonly number[], cdf: (value: number) => number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const n = sorted.length;
  return sorted.reduce((most, value, index) => {
    const expected = cdf(value);
    return Math.max(most, expected - index / n, (index + 1) / n - expected);
  }, 0);
}

/** What that distance may be for `n` independent draws from the distribution itself, in 99 % of all samples. */
export function ksLimit99(n: number): number {
  return KS_99 / Math.sqrt(n);
}

export function uniformCdf(low: number, high: number): (value: number) => number {
  return (value) => Math.min(1, Math.max(0, (value - low) / (high - low)));
}

export function normalCdf(mean: number, deviation: number): (value: number) => number {
  return (value) => 0.5 * (1 + erf((value - mean) / (deviation * Math.SQRT2)));
}

/** Abramowitz and Stegun 7.1.26; off by less than 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
}

/** Lengths of the runs of true. */
export function runLengths(sample: readonly boolean[]): number[] {
  const lengths: number[] = [];
  let length = 0;
  for (const value of sample) {
    if (value) length += 1;
    else if (length > 0) {
      lengths.push(length);
      length = 0;
    }
  }
  if (length > 0) lengths.push(length);
  return lengths;
}

export function meanOf(sample: readonly number[]): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}

/** Of each value with the next one. */
export function lag1Correlation(sample: readonly number[]): number {
  const mean = meanOf(sample);
  let covariance = 0;
  let variance = 0;
  sample.forEach((value, index) => {
    variance += (value - mean) ** 2;
    if (index > 0) covariance += (value - mean) * (sample[index - 1] - mean);
  });
  return covariance / variance;
}
