/** Which picture an image shows (HTML standard, section 4.8.4.3), in a window of one device pixel a CSS pixel. */
import { lengthPx, matchesCondition, matchesMedia, type ParseCss, VIEWPORT } from './media-query.js';

export interface SourceAttributes {
  readonly src?: string;
  readonly srcset?: string;
  readonly sizes?: string;
  readonly media?: string;
  readonly type?: string;
}

/** Types of images that browsers show. */
const SHOWN = /^image\/(png|jpeg|gif|webp|avif|svg\+xml|bmp|x-icon|vnd\.microsoft\.icon|apng)$/;
/** The window's own. */
const DENSITY = 1;

interface Candidate {
  readonly url: string;
  readonly width?: number;
  readonly density?: number;
}

/** The first source of its picture that fits, else the image's own; undefined when there is no picture to show. */
export function chooseImage(
  own: SourceAttributes,
  sources: readonly SourceAttributes[],
  parse: ParseCss,
): string | undefined {
  for (const { srcset, sizes, media, type } of sources) {
    if (srcset === undefined || !matchesMedia(media, parse)) continue;
    if (type !== undefined && !SHOWN.test(type.trim().toLowerCase())) continue;
    const chosen = bestSource(srcset, sizes, parse);
    if (chosen !== undefined) return chosen;
  }
  const src = own.src?.trim() ? own.src.trim() : undefined;
  return own.srcset === undefined ? src : bestSource(own.srcset, own.sizes, parse, src);
}

/** The candidate of the lowest density that is enough, or the densest. `src` counts as `1x` unless widths are given. */
export function bestSource(
  srcset: string,
  sizes: string | undefined,
  parse: ParseCss,
  src?: string,
): string | undefined {
  const candidates = parseSrcset(srcset);
  const hasOwn = candidates.some(({ width, density = 1 }) => width !== undefined || density === 1);
  if (src !== undefined && !hasOwn) candidates.push({ url: src });
  const size = sourceSize(sizes, parse);
  const dense = candidates.map(({ url, width, density }) => ({ url, density: width ? width / size : (density ?? 1) }));
  dense.sort((a, b) => a.density - b.density);
  return (dense.find(({ density }) => density >= DENSITY) ?? dense.at(-1))?.url;
}

/** HTML standard, "parse a srcset attribute". Candidates with descriptors that contradict each other are left out. */
export function parseSrcset(text: string): Candidate[] {
  const candidates: Candidate[] = [];
  let rest = text;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    const url = /^\S+/.exec(rest)?.[0];
    if (url === undefined) return candidates;
    rest = rest.slice(url.length);
    let descriptors: string[] = [];
    // A comma at the end of the URL ends the candidate.
    if (!url.endsWith(',')) {
      const list = /^(?:[^,(]|\([^)]*\)?)*/.exec(rest)?.[0] ?? '';
      rest = rest.slice(list.length);
      descriptors = list.split(/\s+/).filter((word) => word !== '');
    }
    const candidate = withDescriptors(url.replace(/,+$/, ''), descriptors);
    if (candidate !== undefined) candidates.push(candidate);
  }
}

function withDescriptors(url: string, descriptors: readonly string[]): Candidate | undefined {
  let width: number | undefined;
  let density: number | undefined;
  for (const descriptor of descriptors) {
    if (/^\d+w$/.test(descriptor) && width === undefined && density === undefined) {
      width = Number.parseInt(descriptor, 10);
      if (width === 0) return undefined;
    } else if (/^\d*\.?\d+(e[+-]?\d+)?x$/i.test(descriptor) && width === undefined && density === undefined) {
      density = Number.parseFloat(descriptor);
    } else if (!/^\d+h$/.test(descriptor)) return undefined;
  }
  return { url, width, density };
}

/** CSS pixels: the first size whose condition holds; the whole window when there is none. */
function sourceSize(sizes: string | undefined, parse: ParseCss): number {
  for (const entry of splitAtCommas(sizes ?? '')) {
    const found = /^(.*?)\s*([^\s()]+)$/s.exec(entry.trim());
    const length = found === null ? undefined : lengthPx(found[2]);
    if (length === undefined || length < 0) continue;
    if (found?.[1] === '' || matchesCondition(found?.[1] ?? '', parse)) return Math.max(length, 1);
  }
  return VIEWPORT.width;
}

/** Not at those within parentheses. */
function splitAtCommas(text: string): string[] {
  return text.match(/(?:[^,(]|\([^)]*\)?)+/g) ?? [];
}
