/** Certificates of authorities outside the lab, which its hosts trust besides the lab's own: files in PEM (RFC 7468). */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Draft, type DraftDevice, listOf } from './draft.js';
import type { Path } from './source.js';

/** All authorities of the internet together are a third of that. */
const LARGEST_FILE = 1024 * 1024;
/** Section 2: text around the certificates means nothing, nor does a key beside them. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** By file, so that one that many hosts name is read, and complained about, once. */
export class Authorities {
  private readonly draft: Draft;
  private readonly folder: string;
  private readonly read = new Map<string, readonly string[]>();
  private readonly everywhere: readonly string[];

  /** `folder` is what relative paths are relative to: the topology file's own. */
  constructor(draft: Draft, folder: string) {
    this.draft = draft;
    this.folder = folder;
    this.everywhere = this.ofList(draft.file.authorities, ['authorities']);
  }

  /** What this host trusts, one certificate (PEM) each: the file's own, then those of the host. */
  trustedBy({ file, path }: DraftDevice): readonly string[] {
    if (file.kind !== 'host') return [];
    return [...new Set([...this.everywhere, ...this.ofList(file.authorities, [...path, 'authorities'])])];
  }

  private ofList(files: string | readonly string[] | undefined, path: Path): string[] {
    const at = (index: number) => (typeof files === 'string' ? path : [...path, index]);
    return listOf(files).flatMap((file, index) => this.ofFile(file, at(index)));
  }

  private ofFile(file: string, path: Path): readonly string[] {
    const absolute = resolve(this.folder, file);
    const known = this.read.get(absolute);
    if (known !== undefined) return known;
    const certificates = certificatesIn(absolute);
    const found = typeof certificates === 'string' ? [] : certificates;
    this.read.set(absolute, found);
    if (typeof certificates === 'string') {
      this.draft.problems.add('authority', path, `the certificate file "${file}" ${certificates}`);
    }
    return found;
  }
}

/** A text says why there are none. */
function certificatesIn(file: string): readonly string[] | string {
  let text: string;
  try {
    // Before it is read: a pipe would never end.
    const status = statSync(file);
    if (status.isDirectory()) return 'is a folder';
    if (!status.isFile()) return 'is no file';
    if (status.size > LARGEST_FILE) return 'is too large for certificates';
    text = readFileSync(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist; it is looked for beside the topology file';
    return `cannot be read (${code ?? String(error)})`;
  }
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return 'has no certificate: write PEM, which begins with -----BEGIN CERTIFICATE-----';
  const broken = certificates.findIndex((pem) => !isCertificate(pem));
  if (broken < 0) return certificates.map((pem) => `${pem}\n`);
  return `is damaged: its certificate number ${broken + 1} cannot be read`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
