/** A site's files: from a path to what is answered with. */
import type { FileStore, StoredFile } from '../../machine.js';
import { contentTypeOf } from '../content-type.js';
import { DEFAULT_DOCUMENTS, isHidden } from './sites.js';

export interface SiteFile {
  /** Below the site's root: "img/logo.png". */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
  readonly contentType: string;
}

export type Found =
  | { readonly kind: 'file'; readonly file: SiteFile }
  /** The path names a folder but lacks the final "/", without which the page's relative links would miss. */
  | { readonly kind: 'folder' }
  | { readonly kind: 'nothing' };

export class SiteFiles {
  private readonly files: FileStore;
  private readonly root: string;

  /** `root` is an absolute path. */
  constructor(files: FileStore, root: string) {
    this.files = files;
    this.root = root.replace(/[/\\]+$/, '');
  }

  /** `segments` as {@link pathSegments} gives them: no "..", no separators. */
  async find(segments: readonly string[]): Promise<Found> {
    if (isHidden(segments)) return { kind: 'nothing' };
    if (segments.length === 0) return this.defaultDocument([]);
    if (segments[segments.length - 1] === '') return this.defaultDocument(segments.slice(0, -1));
    const file = await this.read(segments);
    if (file) return { kind: 'file', file };
    const inFolder = await this.defaultDocument(segments);
    return inFolder.kind === 'file' ? { kind: 'folder' } : inFolder;
  }

  /** The site's own page for what it does not have. */
  async notFoundPage(): Promise<SiteFile | undefined> {
    return this.read(['404.html']);
  }

  private async defaultDocument(folder: readonly string[]): Promise<Found> {
    for (const name of DEFAULT_DOCUMENTS) {
      const file = await this.read([...folder, name]);
      if (file) return { kind: 'file', file };
    }
    return { kind: 'nothing' };
  }

  private async read(segments: readonly string[]): Promise<SiteFile | undefined> {
    const name = segments.join('/');
    const stored: StoredFile | undefined = await this.files.read(`${this.root}/${name}`, this.root);
    return stored && { name, ...stored, contentType: contentTypeOf(name) };
  }
}

/**
 * A strong validator (RFC 9110 section 8.8.3) without reading the bytes: a file that changes within the same
 * millisecond and keeps its length would be missed, as with every server that does it this way.
 */
export function entityTag(file: SiteFile): string {
  return `"${Math.floor(file.modifiedMs).toString(16)}-${file.bytes.length.toString(16)}"`;
}

/** RFC 9110 section 5.6.7: "Sun, 22 Nov 2026 12:00:00 GMT". */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** RFC 9110 section 13.2.2: If-None-Match decides alone when it is there, If-Modified-Since otherwise. */
export function isUnchanged(
  file: SiteFile,
  request: { readonly ifNoneMatch?: string; readonly ifModifiedSince?: string },
): boolean {
  if (request.ifNoneMatch !== undefined) {
    const tags = request.ifNoneMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return tags.includes('*') || tags.includes(entityTag(file));
  }
  const since = request.ifModifiedSince === undefined ? Number.NaN : Date.parse(request.ifModifiedSince);
  // The header counts whole seconds.
  return !Number.isNaN(since) && Math.floor(file.modifiedMs / 1000) * 1000 <= since;
}
