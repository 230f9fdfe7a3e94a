/** What kind of thing was loaded, in the words of DevTools. */
import type { Entry } from 'har-format';
import type { FetchedExchange } from '../../devices/control.js';

type ResourceType = NonNullable<Entry['_resourceType']>;

/** Tags that load one kind alone; what others load is known by its content type. */
const BY_TAG: Readonly<Record<string, ResourceType>> = {
  document: 'document',
  iframe: 'document',
  frame: 'document',
  img: 'image',
  image: 'image',
  input: 'image',
  script: 'script',
  audio: 'media',
  video: 'media',
  track: 'texttrack',
};

const BY_CONTENT: readonly (readonly [RegExp, ResourceType])[] = [
  [/^text\/css\b/i, 'stylesheet'],
  [/^image\//i, 'image'],
  [/^(font\/|application\/(x-)?font)/i, 'font'],
  [/^(text|application)\/(x-)?javascript\b/i, 'script'],
  [/^(audio|video)\//i, 'media'],
  [/^application\/manifest\+json\b/i, 'manifest'],
  [/^text\/html\b/i, 'document'],
];

export function resourceType({ initiator, contentType, redirectUrl }: FetchedExchange): ResourceType {
  const byTag = BY_TAG[initiator];
  if (byTag !== undefined) return byTag;
  // The page that tells of a redirect is not what was asked for.
  if (redirectUrl !== '') return 'other';
  return BY_CONTENT.find(([pattern]) => pattern.test(contentType))?.[1] ?? 'other';
}
