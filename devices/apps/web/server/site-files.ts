/** A site's files: from a path to what is answered with. */
import type { FileStore } from '../../machine.js';
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

  /** A page that the author of the site wrote for an error; `path` begins with "/". */
  async page(path: string): Promise<SiteFile | undefined> {
    return this.read(path.split('/').filter((segment) => segment !== ''));
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
    const stored = await this.files.read(`${this.root}/${name}`, this.root);
    return stored && { name, ...stored, contentType: contentTypeOf(name) };
  }
}

/**
 * A strong validator (RFC 9110 section 8.8.3) without reading the bytes: a file that changes within the same
 * millisecond and keeps its length would be missed, as with every server that does it this way. Each content coding is a
 * representation of its own and has its own (section 8.8.3.3).
 */
export function entityTag(file: SiteFile, coding?: string): string {
  const version = `${Math.floor(file.modifiedMs).toString(16)}-${file.bytes.length.toString(16)}`;
  return coding === undefined ? `"${version}"` : `"${version}-${coding}"`;
}
