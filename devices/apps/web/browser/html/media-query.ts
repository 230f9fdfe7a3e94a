/**
 * Media queries (CSS Media Queries level 4) for the window that this browser stands for: a screen of 1280 by 720 CSS pixels,
 * one device pixel each, with a mouse, light colours. Parsed by css-tree. What is not understood does not match.
 */
import type { CssNode } from 'css-tree';

export type ParseCss = typeof import('css-tree').parse;

export const VIEWPORT = { width: 1280, height: 720 } as const;
/** Of the initial font, CSS pixels. */
const FONT_PX = 16;
const DPI = 96;

const LENGTHS: Readonly<Record<string, number>> = {
  px: 1,
  em: FONT_PX,
  rem: FONT_PX,
  ex: FONT_PX / 2,
  ch: FONT_PX / 2,
  in: DPI,
  cm: DPI / 2.54,
  mm: DPI / 25.4,
  pt: DPI / 72,
  pc: DPI / 6,
  vw: VIEWPORT.width / 100,
  vh: VIEWPORT.height / 100,
  vmin: VIEWPORT.height / 100,
  vmax: VIEWPORT.width / 100,
};

/** CSS pixels; undefined for what is no length. */
export function lengthPx(text: string): number | undefined {
  const found = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)([a-z]*)$/i.exec(text.trim());
  if (found === null) return undefined;
  const number = Number(found[1]);
  if (found[2] === '') return number === 0 ? 0 : undefined;
  const unit = LENGTHS[found[2].toLowerCase()];
  return unit === undefined ? undefined : number * unit;
}

/** Of a media attribute: absent and empty match. */
export function matchesMedia(text: string | undefined, parse: ParseCss): boolean {
  if (text === undefined || text.trim() === '') return true;
  try {
    return matchesMediaList(parse(text, { context: 'mediaQueryList' }));
  } catch {
    return false;
  }
}

/** A condition alone, as in `sizes`: "(min-width: 600px)". */
export function matchesCondition(text: string, parse: ParseCss): boolean {
  return text.trim() !== '' && matchesMedia(text, parse);
}

export function matchesMediaList(node: CssNode): boolean {
  if (node.type !== 'MediaQueryList') return false;
  return node.children.toArray().some((query) => matchesQuery(query));
}

function matchesQuery(query: CssNode): boolean {
  if (query.type !== 'MediaQuery') return false;
  const { modifier, mediaType, condition } = query as unknown as MediaQueryNode;
  const type = mediaType?.toLowerCase();
  const matches =
    (type === undefined || type === 'all' || type === 'screen') && (condition == null || evaluate(condition) === true);
  return modifier?.toLowerCase() === 'not' ? !matches : matches;
}

interface MediaQueryNode {
  readonly modifier: string | null;
  readonly mediaType: string | null;
  readonly condition: CssNode | null;
}

/** Undefined: unknown, which neither it nor its opposite is. */
function evaluate(node: CssNode): boolean | undefined {
  const { type } = node as { type: string };
  if (type === 'Condition') return evaluateCondition((node as unknown as { children: Iterable<CssNode> }).children);
  if (type === 'Feature') return evaluateFeature(node as unknown as FeatureNode);
  if (type === 'FeatureRange') return evaluateRange(node as unknown as RangeNode);
  return undefined;
}

function evaluateCondition(children: Iterable<CssNode>): boolean | undefined {
  let result: boolean | undefined;
  let joint = '';
  let negate = false;
  let first = true;
  for (const child of children) {
    if (child.type === 'Identifier') {
      const word = child.name.toLowerCase();
      if (word === 'not') negate = true;
      else joint = word;
      continue;
    }
    const value = evaluate(child);
    const side = negate && value !== undefined ? !value : value;
    negate = false;
    if (first) result = side;
    else if (joint === 'or') result = result === true || side === true ? true : (result ?? side);
    else result = result === true && side === true;
    first = false;
  }
  return result;
}

interface FeatureNode {
  readonly name: string;
  readonly value: CssNode | null;
}

interface RangeNode {
  readonly left: CssNode;
  readonly leftComparison: string;
  readonly middle: CssNode;
  readonly rightComparison?: string | null;
  readonly right?: CssNode | null;
}

/** What the window is, for features that are compared: CSS pixels, dots a pixel, width by height. */
const RANGES: Readonly<Record<string, number>> = {
  width: VIEWPORT.width,
  height: VIEWPORT.height,
  'device-width': VIEWPORT.width,
  'device-height': VIEWPORT.height,
  'aspect-ratio': VIEWPORT.width / VIEWPORT.height,
  resolution: 1,
  '-webkit-device-pixel-ratio': 1,
  color: 8,
  'color-index': 0,
  monochrome: 0,
};

const KEYWORDS: Readonly<Record<string, string>> = {
  orientation: 'landscape',
  scripting: 'none',
  hover: 'hover',
  'any-hover': 'hover',
  pointer: 'fine',
  'any-pointer': 'fine',
  'prefers-color-scheme': 'light',
  'prefers-reduced-motion': 'no-preference',
  'prefers-contrast': 'no-preference',
  'prefers-reduced-data': 'no-preference',
  'forced-colors': 'none',
  'display-mode': 'browser',
  'color-gamut': 'srgb',
  update: 'fast',
  scan: 'progressive',
  grid: '0',
};

function evaluateFeature({ name, value }: FeatureNode): boolean | undefined {
  const feature = name.toLowerCase();
  const [, bound, plain] =
    /^(min-|max-)?(.+)$/.exec(
      feature.replace('-webkit-m', 'm').replace(/^(min|max)-device-pixel-ratio$/, '$1--webkit-device-pixel-ratio'),
    ) ?? [];
  const actual = RANGES[plain ?? feature];
  if (actual !== undefined) {
    if (value === null) return actual !== 0;
    const wanted = numberOf(value);
    if (wanted === undefined) return undefined;
    if (bound === 'min-') return actual >= wanted;
    if (bound === 'max-') return actual <= wanted;
    return actual === wanted;
  }
  const keyword = KEYWORDS[feature];
  if (keyword === undefined) return undefined;
  if (value === null) return keyword !== 'none' && keyword !== 'no-preference' && keyword !== '0';
  const wanted = value.type === 'Identifier' ? value.name.toLowerCase() : value.type === 'Number' ? value.value : '';
  return wanted === keyword;
}

/** `400px <= width < 1000px` */
function evaluateRange({ left, leftComparison, middle, rightComparison, right }: RangeNode): boolean | undefined {
  const [a, b] = [sideOf(left), sideOf(middle)];
  if (a === undefined || b === undefined) return undefined;
  const holds = compare(a, leftComparison, b);
  if (!right || !rightComparison) return holds;
  const c = sideOf(right);
  return c === undefined ? undefined : holds && compare(b, rightComparison, c);
}

function compare(a: number, comparison: string, b: number): boolean {
  switch (comparison) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      return a === b;
  }
}

function sideOf(node: CssNode): number | undefined {
  return node.type === 'Identifier' ? RANGES[node.name.toLowerCase()] : numberOf(node);
}

function numberOf(node: CssNode): number | undefined {
  if (node.type === 'Number') return Number(node.value);
  if (node.type === 'Ratio') {
    const { left, right } = node as unknown as { left: CssNode; right: CssNode | null };
    return (numberOf(left) ?? Number.NaN) / (right === null ? 1 : (numberOf(right) ?? Number.NaN));
  }
  if (node.type !== 'Dimension') return undefined;
  const unit = node.unit.toLowerCase();
  if (unit === 'dppx' || unit === 'x') return Number(node.value);
  if (unit === 'dpi') return Number(node.value) / DPI;
  if (unit === 'dpcm') return Number(node.value) / (DPI / 2.54);
  return lengthPx(`${node.value}${unit}`);
}
