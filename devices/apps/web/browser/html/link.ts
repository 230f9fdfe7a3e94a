/** What a `link` element makes the browser load (HTML standard, section 4.6.7). */
import { type Fetchable, PRIORITIES } from './fetchable.js';

type Found = Pick<Fetchable, 'kind' | 'priority'> & Partial<Fetchable>;

export interface LinkContext {
  readonly inBody: boolean;
  readonly matches: (media: string | undefined) => boolean;
}

/** The destinations of a preload, by its `as`. */
const PRELOADS: Readonly<Record<string, Found>> = {
  style: { kind: 'other', priority: 'highest' },
  script: { kind: 'other', priority: 'high' },
  font: { kind: 'font', priority: 'high', cors: true },
  image: { kind: 'image', priority: 'low' },
  fetch: { kind: 'other', priority: 'high' },
  track: { kind: 'other', priority: 'low' },
};

/** Undefined when nothing is loaded for it. */
export function linkResource(
  rels: ReadonlySet<string>,
  attributes: ReadonlyMap<string, string>,
  { inBody, matches }: LinkContext,
): Found | undefined {
  const media = attributes.get('media');
  const cors = attributes.has('crossorigin');
  if (rels.has('stylesheet')) {
    // An alternate style sheet is one that the reader would have to choose first.
    if (rels.has('alternate') || attributes.has('disabled')) return undefined;
    const type = attributes.get('type')?.trim().toLowerCase() ?? '';
    if (type !== '' && type !== 'text/css') return undefined;
    if (!matches(media)) return { kind: 'other', priority: PRIORITIES.unneeded, cors };
    return { kind: 'style', priority: PRIORITIES.style, blocking: !inBody, phase: 'parser', cors };
  }
  if (rels.has('preload')) {
    const found = PRELOADS[attributes.get('as')?.toLowerCase() ?? ''];
    return found && matches(media) ? { cors, ...found } : undefined;
  }
  if (rels.has('modulepreload')) return { kind: 'other', priority: 'high', cors: true };
  if (rels.has('manifest')) return { kind: 'other', priority: PRIORITIES.manifest, cors };
  if (rels.has('prefetch')) return { kind: 'other', priority: PRIORITIES.unneeded };
  if (rels.has('icon') || rels.has('apple-touch-icon')) return { kind: 'image', priority: PRIORITIES.image };
  return undefined;
}
