/** One thing that a document or a style sheet asks for, and how urgent it is. */
import type { FetchPriority } from '../../../../control/rpc.js';

export interface Fetchable {
  /** Absolute, without fragment. */
  readonly url: string;
  /** The tag that asked: `img`, `link`, `script`, …; `css` for what a style sheet asks for. */
  readonly initiator: string;
  readonly kind: 'style' | 'script' | 'image' | 'font' | 'other';
  readonly priority: FetchPriority;
  /** The page is not shown before it is there. */
  readonly blocking: boolean;
  /** Who waits for it: the parser; DOMContentLoaded; the load event alone. */
  readonly phase: 'parser' | 'defer' | 'load';
  /** By the rules of CORS: another origin is told who asks. */
  readonly cors: boolean;
}

/** Chromium's priorities (resource_fetcher.cc). It raises images once it knows where they stand; we have no layout. */
export const PRIORITIES = {
  document: 'highest',
  style: 'highest',
  font: 'highest',
  /** Of a style sheet for another medium, of a prefetch. */
  unneeded: 'lowest',
  image: 'low',
  media: 'low',
  manifest: 'medium',
} as const satisfies Record<string, FetchPriority>;

/** `waits`: the parser waits for it; `late`: it stands in the body, behind an image. */
export function scriptPriority(waits: boolean, late: boolean, wish: string | undefined): FetchPriority {
  const wanted = wish?.toLowerCase();
  if (wanted === 'high') return 'high';
  if (wanted === 'low' || !waits) return 'low';
  return late ? 'medium' : 'high';
}

/** data: and blob: carry their bytes with them, about: and javascript: have none. */
export function isFetchable(url: URL): boolean {
  return /^[a-z]+:\/\//.test(url.href);
}
