/** A site's files: from a path to what is answered with. */
import type { FileStore } from '../../machine.js';
import { contentTypeOf } from '../content-type.js';
import { type Body, wholeBody } from './body.js';
import { isCompressible } from './codings.js';
import { SharedBytes } from './shared-bytes.js';
import { DEFAULT_DOCUMENTS, isHidden } from './sites.js';

/** Larger files are read while they are sent, however many ask for them at once; but for those that codings make smaller. */
export const MAX_WHOLE_BYTES = 64 * 1024;

export interface SiteFile {
  /** Below the site's root: "img/logo.png". */
  readonly name: string;
  readonly body: Body;
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
  private readonly shared: SharedBytes;

  /** `root` is an absolute path. */
  constructor(files: FileStore, root: string, shared = new SharedBytes()) {
    this.files = files;
    this.shared = shared;
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
    const path = `${this.root}/${name}`;
    const contentType = contentTypeOf(name);
    if (this.files.find === undefined) {
      const stored = await this.files.read(path, this.root);
      return stored && { name, body: wholeBody(stored.bytes), modifiedMs: stored.modifiedMs, contentType };
    }
    const found = await this.files.find(path, this.root);
    if (found === undefined) return undefined;
    const { size, modifiedMs } = found;
    const isRead = size <= MAX_WHOLE_BYTES || isCompressible(contentType, size);
    const body = isRead
      ? wholeBody(await this.shared.read(`${size} ${modifiedMs} ${path}`, found.whole))
      : { length: size, part: found.part };
    return { name, body, modifiedMs, contentType };
  }
}

/**
 * A strong validator (RFC 9110 section 8.8.3) without reading the bytes: a file that changes within the same
 * millisecond and keeps its length would be missed, as with every server that does it this way. Each content coding is a
 * representation of its own and has its own (section 8.8.3.3).
 */
export function entityTag(file: SiteFile, coding?: string): string {
  const version = `${Math.floor(file.modifiedMs).toString(16)}-${file.body.length.toString(16)}`;
  return coding === undefined ? `"${version}"` : `"${version}-${coding}"`;
}
