/**
 * How jitter is distributed, as quantile functions of a draw from [0, 1): what tc-netem keeps in tables of 4096 entries is
 * computed here, so that the tails are not cut off at four standard deviations. All but `uniform` and a table of one's own
 * have mean 0 and standard deviation 1.
 */
import type { Impairment } from '../../link-settings.js';

type Distribution = NonNullable<Impairment['jitterDistribution']>;

/** In units of the jitter. */
export function jitterQuantile(distribution: Distribution, draw: number): number {
  if (distribution === 'uniform') return 2 * draw - 1;
  if (typeof distribution === 'object') return tableQuantile(distribution, draw);
  // The middle of the generator's step: neither 0 nor 1 has a finite quantile.
  const share = draw + 0.5 / 0x100000000;
  if (distribution === 'normal') return normalQuantile(share);
  return distribution === 'pareto' ? paretoQuantile(share) : paretonormalQuantile(share);
}

/** Linear between quantiles at equal distances. */
function tableQuantile(quantiles: readonly number[], draw: number): number {
  const at = draw * (quantiles.length - 1);
  const below = Math.min(Math.floor(at), quantiles.length - 2);
  return quantiles[below] + (at - below) * (quantiles[below + 1] - quantiles[below]);
}

/** Pareto's distribution with shape 3 and least value 1, as in tc-netem: mean 3/2, variance 3/4. */
const PARETO_SHAPE = 3;
const PARETO_MEAN = 1.5;
const PARETO_DEVIATION = Math.sqrt(0.75);

/** tc-netem multiplies by 4/3 instead of 1/√(3/4), which makes the standard deviation 1.15 before its table is cut off. */
function paretoQuantile(share: number): number {
  return ((1 - share) ** (-1 / PARETO_SHAPE) - PARETO_MEAN) / PARETO_DEVIATION;
}

/**
 * tc-netem's mixture, NISTnet's: a quarter of the normal quantile and three quarters of its Pareto quantile, which is 4/3 of
 * what lies around the mean. Its standard deviation there is not 1: the last factor makes it so.
 */
function paretonormalQuantile(share: number): number {
  const pareto = (1 - share) ** (-1 / PARETO_SHAPE) - PARETO_MEAN;
  return (normalQuantile(share) / 4 + pareto) / PARETONORMAL_DEVIATION;
}

/** √(1/16 + 3/4 + c/2), where c = 0.587471 is the covariance of the two, found by numerical integration. */
const PARETONORMAL_DEVIATION = 1.0517772;

/** Wichura's algorithm AS 241 (PPND16), accurate to about 1 part in 10^16. */
function normalQuantile(share: number): number {
  const q = share - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(r, CENTRE_ABOVE)) / polynomial(r, CENTRE_BELOW);
  }
  const r = Math.sqrt(-Math.log(Math.min(share, 1 - share)));
  const tail =
    r <= 5
      ? polynomial(r - 1.6, TAIL_ABOVE) / polynomial(r - 1.6, TAIL_BELOW)
      : polynomial(r - 5, FAR_ABOVE) / polynomial(r - 5, FAR_BELOW);
  return q < 0 ? -tail : tail;
}

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

/** Numerators and denominators, from the constant term upwards, as double precision holds them. */
const CENTRE_ABOVE = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
];
const CENTRE_BELOW = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
];
const TAIL_ABOVE = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
];
const TAIL_BELOW = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const FAR_ABOVE = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const FAR_BELOW = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15,
];
