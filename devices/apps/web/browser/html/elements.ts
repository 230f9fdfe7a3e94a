/** Elements of a document as parse5 has them, and what is read from them. */
import type { DefaultTreeAdapterTypes } from 'parse5';
import type { SourceAttributes } from './srcset.js';

/** Sources of a picture that are looked at. */
const MAX_SOURCES = 20;

export type Element = DefaultTreeAdapterTypes.Element;
export type Attributes = ReadonlyMap<string, string>;

export function attributesOf({ attrs }: Element): Attributes {
  return new Map(attrs.map(({ name, value }) => [name, value]));
}

export function childElements(parent: {
  readonly childNodes: readonly DefaultTreeAdapterTypes.ChildNode[];
}): Element[] {
  return parent.childNodes.filter((node): node is Element => 'tagName' in node);
}

export function textOf(node: Element): string {
  return node.childNodes.map((child) => ('value' in child ? child.value : '')).join('');
}

export function sourceAttributes(attributes: Attributes): SourceAttributes {
  const [src, srcset, sizes] = ['src', 'srcset', 'sizes'].map((name) => attributes.get(name));
  return { src, srcset, sizes, media: attributes.get('media'), type: attributes.get('type') };
}

/** The `source` elements before an image in its `picture`. */
export function pictureSources(img: Element): SourceAttributes[] {
  const parent = img.parentNode;
  if (parent === null || !('tagName' in parent) || parent.tagName !== 'picture') return [];
  const sources: SourceAttributes[] = [];
  for (const node of parent.childNodes) {
    if (node === img || sources.length >= MAX_SOURCES) break;
    if (!('tagName' in node) || node.tagName !== 'source') continue;
    sources.push(sourceAttributes(attributesOf(node)));
  }
  return sources;
}

/** HTML standard section 4.8.11.5: the first source of a media element that is of a type that can be played. */
export function playableSource(media: Element): string | undefined {
  return childElements(media)
    .filter(({ tagName }) => tagName === 'source')
    .map(attributesOf)
    .find((source) => /^((audio|video)\/(mp4|webm|ogg|mpeg|wav|flac|aac)\b.*)?$/i.test(source.get('type') ?? ''))
    ?.get('src');
}
